// SPDX-License-Identifier: Apache-2.0
#include "changesource/hooks/timestamp.hpp"

#include <gtest/gtest.h>

namespace headrace::changesource::hooks {
namespace {

std::int64_t ms(std::string_view text) {
  const auto time = parse_timestamp(text);
  return time ? to_ms(*time) : -1;
}

TEST(Timestamp, ReadsTheFormsOfTheForges) {
  EXPECT_EQ(ms("2009-02-13T23:31:30Z"), 1'234'567'890'000);
  EXPECT_EQ(ms("2009-02-14T01:31:30+02:00"), 1'234'567'890'000);
  EXPECT_EQ(ms("2009-02-13T15:31:30-0800"), 1'234'567'890'000);
  EXPECT_EQ(ms("2009-02-13 23:31:30 UTC"), 1'234'567'890'000);
  EXPECT_EQ(ms("2009-02-13 15:31:30 -0800"), 1'234'567'890'000);
  EXPECT_EQ(ms("2009/02/13 23:31:30"), 1'234'567'890'000);
  EXPECT_EQ(ms("2009-02-13T23:31:30.123456Z"), 1'234'567'890'123);
  EXPECT_EQ(ms("2009-02-13T23:31Z"), 1'234'567'860'000);
  EXPECT_EQ(ms("2009-02-13"), 1'234'483'200'000);
  EXPECT_EQ(ms("2024-02-29T00:00:00+05:30"), 1'709'145'000'000);
  EXPECT_EQ(ms("1969-12-31T23:59:59Z"), -1'000);
}

TEST(Timestamp, RefusesWhatIsNone) {
  for (const std::string text :
       {"", "yesterday", "2009-02-30T00:00:00Z", "2009-13-01", "2009-02-13T24:00:00Z", "2009-02-13T23:60:00Z",
        "2009-02-13T23:31:30Zulu", "2009-02-13T23:31:30+2:00", "2009-02-13T23:31:30+99:00", "1234567890",
        "2009-02"}) {
    const auto time = parse_timestamp(text);
    ASSERT_FALSE(time) << text;
    EXPECT_NE(time.error().text.find("'" + text + "'"), std::string::npos);
  }
}

TEST(Timestamp, ReadsSecondsSince1970) {
  EXPECT_EQ(to_ms(*parse_epoch("1234567890")), 1'234'567'890'000);
  EXPECT_EQ(to_ms(*parse_epoch(" 1234567890.25 ")), 1'234'567'890'250);
  EXPECT_EQ(to_ms(*parse_epoch("0")), 0);
  for (const char* text : {"", " ", "nan", "inf", "1e300", "12x", "1234567890123456", "-1e18"}) {
    EXPECT_FALSE(parse_epoch(text)) << text;
  }
}

}  // namespace
}  // namespace headrace::changesource::hooks
