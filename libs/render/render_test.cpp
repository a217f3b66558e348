// SPDX-License-Identifier: Apache-2.0
#include "render/render.hpp"

#include <gtest/gtest.h>

namespace headrace::render {
namespace {

json::Value value(const char* text) {
  auto v = json::parse(text);
  EXPECT_TRUE(v) << text;
  return v ? *v : json::Value();
}

}  // namespace

TEST(Render, TurnsRenderablesIntoPlainValuesAnywhere) {
  Properties properties;
  properties["x"] = {"ex", "t"};
  properties["zero"] = {0, "t"};
  properties["list"] = {json::Array{1, 2}, "t"};
  const std::map<std::int64_t, json::Value> answers{{7, json::Array{"from", "lua"}}};
  const Context context{&properties, nullptr, nullptr, &answers};
  const std::pair<const char*, const char*> cases[] = {
      {R"(["a", 1, true, null])", R"(["a", 1, true, null])"},
      {R"({"$property": "x"})", R"("ex")"},
      {R"({"$property": "list"})", "[1, 2]"},
      {R"({"$property": "zero"})", "0"},
      {R"({"$property": "zero", "$default": 3})", "3"},
      {R"({"$property": "absent", "$default": {"$property": "x"}})", R"("ex")"},
      {R"({"$property": "absent"})", "null"},
      {R"(["make", {"$interpolate": "%(prop:x)s=%(kw:y)s", "$kw": {"y": {"$property": "x"}}}])",
       R"(["make", "ex=ex"])"},
      {R"({"$interpolate": "%s-%d", "$args": [{"$property": "x"}, 4]})", R"("ex-4")"},
      {R"({"env": {"A": {"$property": "x"}, "B": null}})", R"({"env": {"A": "ex", "B": null}})"},
      {R"({"$question": 7})", R"(["from", "lua"])"},
  };
  for (const auto& [text, expected] : cases) {
    const auto r = render(value(text), context);
    ASSERT_TRUE(r) << text << ": " << r.error().text;
    EXPECT_EQ(*r, value(expected)) << text;
  }
}

TEST(Render, NamesTheQuestionThatIsNotAnswered) {
  const auto r = render(value(R"(["a", {"$question": 12}])"), Context{});
  ASSERT_FALSE(r);
  EXPECT_EQ(r.error().text, "needs question 12");
}

TEST(Render, FindsEveryQuestionOnce) {
  EXPECT_EQ(
      questions(value(
          R"([{"$question": 9}, {"a": {"$question": 2}}, {"$property": "x", "$default": {"$question": 9}}])")),
      (std::vector<std::int64_t>{2, 9}));
  EXPECT_TRUE(questions(value(R"({"a": "b"})")).empty());
}

TEST(Render, PositionalAndKeywordDoNotMix) {
  const auto r = render(value(R"({"$interpolate": "%(prop:x)s %s", "$args": [1]})"), Context{});
  EXPECT_FALSE(r);
  EXPECT_FALSE(render(value(R"({"$interpolate": "%s", "$args": [1, 2]})"), Context{}));
  EXPECT_FALSE(render(value(R"({"$interpolate": 5})"), Context{}));
  EXPECT_FALSE(render(value(R"({"$property": 5})"), Context{}));
}

}  // namespace headrace::render
