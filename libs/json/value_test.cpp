// SPDX-License-Identifier: Apache-2.0
#include "json/value.hpp"

#include <gtest/gtest.h>

#include "json/bounded_parse.hpp"

namespace headrace::json {

TEST(JsonValue, RoundTripsEveryKind) {
  const std::string text = R"({"a":[1,2.5,"x",null,true,false,{}],"b":{"c":-9007199254740993}})";
  const auto v = parse(text);
  ASSERT_TRUE(v) << v.error().text;
  EXPECT_EQ(write(*v), text);
}

TEST(JsonValue, FollowsAPathAndAnswersNullForWhatIsMissing) {
  const auto v = *parse(R"({"head":{"sha":"abc"}})");
  EXPECT_EQ(v.at_path("head.sha").string_or(""), "abc");
  EXPECT_TRUE(v.at_path("head.ref.x").is_null());
}

TEST(JsonValue, RefusesEveryTruncatedPrefix) {
  const std::string text = R"({"a":[1,"two",{"b":null}]})";
  for (std::size_t n = 0; n < text.size(); ++n) EXPECT_FALSE(parse(text.substr(0, n))) << n;
}

TEST(JsonValue, RefusesWhatIsTooDeep) { EXPECT_FALSE(parse(std::string(300, '[') + std::string(300, ']'))); }

TEST(JsonValue, RefusesTooManyValues) {
  std::string many = "[";
  for (int i = 0; i < 1000; ++i) many += "0,";
  many += "0]";
  EXPECT_TRUE(parse_bounded(many, 2000));
  EXPECT_FALSE(parse_bounded(many, 1000));
  EXPECT_FALSE(parse_bounded(R"({"a":{"b":{"c":0}}})", 3));
  // What stands in a text separates nothing.
  EXPECT_TRUE(parse_bounded(R"(["[,:{\"[,:{\\",""])", 3));
}

TEST(JsonValue, ReplacesBytesThatAreNotUtf8) {
  EXPECT_EQ(valid_utf8("a\xff\xc3\xa9\xed\xa0\x80"),
            "a\xEF\xBF\xBD\xc3\xa9\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD");
  EXPECT_EQ(write(Value("\xc3")), "\"\xEF\xBF\xBD\"");
}

TEST(JsonValue, KnowsPythonsTruth) {
  EXPECT_FALSE(Value("").truthy());
  EXPECT_FALSE(Value(0).truthy());
  EXPECT_TRUE(Value("0").truthy());
  EXPECT_FALSE(Value(Array{}).truthy());
}

}  // namespace headrace::json
