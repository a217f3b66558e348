// SPDX-License-Identifier: Apache-2.0
#include "duration/duration.hpp"

#include <gtest/gtest.h>

#include <limits>

namespace headrace::duration {
namespace {

TEST(Duration, HasANumberAndAUnit) {
  EXPECT_EQ(parse("250ms"), milliseconds(250));
  EXPECT_EQ(parse("90s"), seconds(90));
  EXPECT_EQ(parse("1.5h"), seconds(5400));
  EXPECT_EQ(parse("2w"), seconds(14 * 86'400));
  EXPECT_EQ(parse("0s"), milliseconds(0));
}

TEST(Duration, IsNothingElse) {
  for (const char* text : {"", "s", "5", "5 s", "-5s", "5S", "1.2.3s", "0x10s", "1e3s", "5sec", "99999999w"})
    EXPECT_EQ(parse(text), std::nullopt) << text;
}

TEST(Duration, OfSecondsIsRoundedToMilliseconds) {
  EXPECT_EQ(from_seconds(0.0004), milliseconds(0));
  EXPECT_EQ(from_seconds(1.0006), milliseconds(1001));
  EXPECT_EQ(from_seconds(-1), std::nullopt);
  EXPECT_EQ(from_seconds(std::numeric_limits<double>::infinity()), std::nullopt);
}

}  // namespace
}  // namespace headrace::duration
