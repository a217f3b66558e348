// SPDX-License-Identifier: Apache-2.0
// Expected values as Buildbot 3.7 gives them (test_process_properties.py).
#include <gtest/gtest.h>

#include "render/python_text.hpp"
#include "render/render.hpp"

namespace headrace::render {
namespace {

struct Given {
  Properties properties;
  std::vector<wire::SourceStamp> sourcestamps;
  std::map<std::string, std::string> worker{{"name", "w1"}, {"host", "mill"}};
  Context context;

  Given() {
    properties["branch"] = {"main", "Build"};
    properties["n"] = {5, "t"};
    properties["ratio"] = {2.0, "t"};
    properties["yes"] = {true, "t"};
    properties["no"] = {false, "t"};
    properties["empty"] = {"", "t"};
    properties["none"] = {nullptr, "t"};
    properties["list"] = {json::Array{"a", 1, nullptr}, "t"};
    properties["dict"] = {json::Object{{"k", "it's"}}, "t"};
    wire::SourceStamp a;
    a.codebase = "";
    a.repository = "git://a";
    a.branch = "dev";
    a.revision = "abc";
    wire::SourceStamp b;
    b.codebase = "libs-1.x";
    b.project = "P";
    sourcestamps = {a, b};
    context = {&properties, &sourcestamps, &worker, nullptr};
  }
};

struct Case {
  const char* text;
  const char* expected;
};

}  // namespace

TEST(Interpolate, GivesWhatBuildbotGives) {
  const Given given;
  const Case cases[] = {
      {"plain", "plain"},
      {"100%%", "100%"},
      {"%(prop:branch)s!", "main!"},
      {"%(prop:n)s %(prop:n)d %(prop:n)04d %(prop:n)x", "5 5 0005 5"},
      {"%(prop:ratio)s %(prop:yes)s %(prop:no)s", "2.0 True False"},
      {"%(prop:list)s", "['a', 1, None]"},
      {"%(prop:dict)s", "{'k': \"it's\"}"},
      {"[%(prop:branch)8s|%(prop:branch)-8s|%(prop:branch).2s]", "[    main|main    |ma]"},
      {"%(prop:absent)s", ""},
      {"%(prop:none)s", ""},
      {"%(prop:none:-x)s", ""},
      {"%(prop:none:~x)s", "x"},
      {"%(prop:absent:-d)s", "d"},
      {"%(prop:empty:-d)s", ""},
      {"%(prop:empty:~d)s", "d"},
      {"%(prop:no:~d)s", "d"},
      {"%(prop:branch:~d)s", "main"},
      {"%(prop:branch:+have)s", "have"},
      {"%(prop:empty:+have)s", "have"},
      {"%(prop:absent:+have)s", ""},
      {"%(prop:branch:?|a|b)s", "a"},
      {"%(prop:absent:?|a|b)s", "b"},
      {"%(prop:empty:?:a:b)s", "a"},
      {"%(prop:empty:#?|a|b)s", "b"},
      {"%(prop:yes:#?|a|b)s", "a"},
      {"%(prop:branch:?|a|)s", "a"},
      {"%(prop:absent:-%(prop:branch)s)s", "main"},
      {"%(prop:absent:-%(prop:also:-deep)s)s", "deep"},
      {"%(prop:branch:?|%(prop:n:?|x|y)s|b)s", "x"},
      {"%(prop:absent:-a:b:c)s", "a:b:c"},
      {"%(prop:absent:-)s", ""},
      {"%(src::branch)s@%(src::revision)s", "dev@abc"},
      {"%(src::repository)s", "git://a"},
      {"%(src:libs-1.x:project)s", "P"},
      {"%(src:libs-1.x:branch)s", ""},
      {"%(src:libs-1.x:branch:~trunk)s", "trunk"},
      {"%(src:other:branch:-none)s", "none"},
      {"%(src::nonsense:-n)s", "n"},
      {"%(worker:name)s on %(worker:host)s%(worker:admin:-?)s", "w1 on mill?"},
      {"%(kw:who)s %(kw:absent:-nobody)s", "Ann main nobody"},
  };
  const json::Object kw{{"who", json::Object{{"$interpolate", "Ann %(prop:branch)s"}}}};
  for (const auto& c : cases) {
    const auto r = interpolate(c.text, given.context, kw);
    ASSERT_TRUE(r) << c.text << ": " << r.error().text;
    EXPECT_EQ(*r, c.expected) << c.text;
    EXPECT_TRUE(check(json::Object{{"$interpolate", c.text}, {"$kw", kw}})) << c.text;
  }
}

TEST(Interpolate, RefusesWhatBuildbotRefuses) {
  const Given given;
  const Case cases[] = {
      {"%(prop)s", "invalid Interpolate substitution without selector 'prop'"},
      {"%(unknown:x)s", "invalid Interpolate selector 'unknown'"},
      {"%(prop:a+a)s", "Property name must be alphanumeric for prop Interpolation 'a+a'"},
      {"%(prop:a*:-b)s", "Property name must be alphanumeric for prop Interpolation 'a*:-b'"},
      {"%(src:x)s", "Must specify both codebase and attribute for src Interpolation 'x'"},
      {"%(src:a+b:x)s", "Codebase must be alphanumeric for src Interpolation 'a+b:x'"},
      {"%(kw:a b)s", "Keyword must be alphanumeric for kw Interpolation 'a b'"},
      {"%(prop:x:!d)s", "invalid Interpolate default type '!'"},
      {"%(prop:x:)s", "invalid Interpolate default type ''"},
      {"%(prop:x:?(ab)s)s", "invalid Interpolate ternary delimiter '('"},
      {"%(prop:x:?|ab)s", "invalid Interpolate ternary expression 'ab' with delimiter '|'"},
      {"%(prop:x:?)s", "invalid Interpolate ternary expression '' without a delimiter"},
      {"%(prop:x:-%(nope:y)s)s", "invalid Interpolate selector 'nope'"},
      {"%(prop:x", "incomplete format key in '%(prop:x'"},
      {"%(prop:x)", "incomplete format in '%(prop:x)'"},
      {"50%", "incomplete format in '50%'"},
      {"%(prop:x)y", "unsupported format character 'y' in '%(prop:x)y'"},
      {"%s", "not enough arguments for format string '%s'"},
  };
  for (const auto& c : cases) {
    const auto r = interpolate(c.text, given.context);
    ASSERT_FALSE(r) << c.text << " gave " << *r;
    EXPECT_EQ(r.error().text, c.expected);
    const auto checked = check(json::Array{json::Object{{"$interpolate", c.text}}});
    ASSERT_FALSE(checked) << c.text;
    EXPECT_EQ(checked.error().text, c.expected);
  }
  EXPECT_EQ(interpolate("%(prop:branch)d", given.context).error().text,
            "%d format: a number is required, not 'main'");
}

TEST(Interpolate, CheckLooksIntoTheBranchThatIsNotTaken) {
  EXPECT_FALSE(check(json::Object{{"$interpolate", "%(prop:x:?|%(bad:y)s|b)s"}}));
  EXPECT_FALSE(check(json::Object{{"$interpolate", "%(prop:x:?|a|%(bad:y)s)s"}}));
}

TEST(Interpolate, NestingIsBounded) {
  std::string text = "x";
  for (int i = 0; i < 100; ++i) text = "%(prop:p:-" + text + ")s";
  EXPECT_FALSE(interpolate(text, Context{}));
}

TEST(PythonText, WritesAsPythonDoes) {
  EXPECT_EQ(python_repr("a'b\"c\n\x01"), "'a\\'b\"c\\n\\x01'");
  EXPECT_EQ(python_repr(0.1), "0.1");
  EXPECT_EQ(python_repr(1e16), "1e+16");
  EXPECT_EQ(python_repr(123456789012345.0), "123456789012345.0");
  EXPECT_EQ(python_str(nullptr), "None");
  EXPECT_EQ(python_str("text"), "text");
}

}  // namespace headrace::render
