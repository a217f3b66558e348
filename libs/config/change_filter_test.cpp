// SPDX-License-Identifier: Apache-2.0
// Buildbot's ChangeFilter, case by case.
#include "config/test_support.hpp"

namespace headrace::config {
namespace {

wire::Change change() {
  wire::Change c;
  c.author = "ann";
  c.files = {"src/a.c"};
  c.branch = "release/1";
  c.project = "kernel";
  c.repository = "https://git/kernel";
  c.properties = {{"owner", {"ann", "Change"}}, {"level", {1, "Change"}}};
  return c;
}

// Says whether a change filter with these fields takes the change.
std::string matches(const std::string& filter, const wire::Change& c = change()) {
  const auto configuration = evaluated(
      "worker 'w' {} builder 'b' { workers = 'w', steps = step.compile {} }\n"
      "scheduler.branch 's' { builders = 'b', change_filter = { " +
      filter + " } }");
  if (!configuration) return "mistake";
  ChangeFilter read;
  read_option(*configuration->site().scheduler("s")->options.find("change_filter"), read);
  const auto result = configuration->matches(read, c);
  return result ? (*result ? "yes" : "no") : result.error().text;
}

TEST(ChangeFilter, TakesEverythingWhenEmpty) { EXPECT_EQ(matches(""), "yes"); }

TEST(ChangeFilter, ComparesWithAValueOrAList) {
  EXPECT_EQ(matches("project = 'kernel'"), "yes");
  EXPECT_EQ(matches("project = { 'tools', 'kernel' }"), "yes");
  EXPECT_EQ(matches("project = 'tools'"), "no");
  EXPECT_EQ(matches("project = {}"), "no");
  EXPECT_EQ(matches("project_not_eq = 'kernel'"), "no");
  EXPECT_EQ(matches("project_not_eq = { 'tools' }"), "yes");
  EXPECT_EQ(matches("project = 'kernel', branch = 'main'"), "no");
}

TEST(ChangeFilter, KnowsNoneFromNotFiltered) {
  EXPECT_EQ(matches("category = false"), "yes");
  EXPECT_EQ(matches("branch = false"), "no");
  EXPECT_EQ(matches("category_not_eq = false"), "no");
  EXPECT_EQ(matches("category_not_eq = 'doc'"), "yes");
  EXPECT_EQ(matches("category = { 'x', false }"), "yes");
}

TEST(ChangeFilter, MatchesPatternsFromTheStart) {
  EXPECT_EQ(matches("branch_re = 'release/'"), "yes");
  EXPECT_EQ(matches("branch_re = 'elease'"), "no");
  EXPECT_EQ(matches("branch_re = { 'main', 'rel' }"), "yes");
  EXPECT_EQ(matches("branch_re = 'release/$'"), "no");
  EXPECT_EQ(matches("branch_not_re = 'release/'"), "no");
  EXPECT_EQ(matches("branch_not_re = { 'x', 'rel' }"), "no");
  EXPECT_EQ(matches("branch_not_re = 'main'"), "yes");
  EXPECT_EQ(matches("category_re = '.*'"), "no");  // a missing category matches no pattern
  EXPECT_EQ(matches("category_not_re = '.*'"), "yes");
  EXPECT_EQ(matches("codebase_re = '$'"), "yes");
}

TEST(ChangeFilter, LooksAtProperties) {
  EXPECT_EQ(matches("property_eq = { owner = 'ann' }"), "yes");
  EXPECT_EQ(matches("property_eq = { owner = { 'bob', 'ann' }, level = 1.0 }"), "yes");
  EXPECT_EQ(matches("property_eq = { owner = 'bob' }"), "no");
  EXPECT_EQ(matches("property_eq = { missing = 'x' }"), "no");
  EXPECT_EQ(matches("property_not_eq = { missing = 'x' }"), "yes");
  EXPECT_EQ(matches("property_not_eq = { owner = 'ann' }"), "no");
  EXPECT_EQ(matches("property_re = { owner = 'a' }"), "yes");
  EXPECT_EQ(matches("property_re = { missing = '.*' }"), "no");
  EXPECT_EQ(matches("property_re = { level = '1' }"), "no");  // a number is no text
  EXPECT_EQ(matches("property_not_re = { owner = 'a' }"), "no");
  EXPECT_EQ(matches("property_not_re = { missing = '.*' }"), "yes");
}

TEST(ChangeFilter, AsksFunctions) {
  EXPECT_EQ(matches("branch_fn = function(branch) return branch == 'release/1' end"), "yes");
  EXPECT_EQ(matches("category_fn = function(category) return category ~= nil end"), "no");
  EXPECT_EQ(
      matches(
          "filter_fn = function(change) return change.author == 'ann' and change.files[1] == 'src/a.c' end"),
      "yes");
  EXPECT_EQ(matches("filter_fn = function(change) return change.category end"), "no");
  EXPECT_EQ(matches("filter_fn = function(change) return change.properties.owner == 'ann' end"), "yes");
  EXPECT_EQ(matches("filter_fn = function(change) return change.athor end"),
            "headrace.lua:2: no field 'athor' in change, did you mean 'author'?");
}

TEST(ChangeFilter, BoundsTheWorkOfAPattern) {
  wire::Change c = change();
  c.branch = std::string(40, 'a') + "!";
  const auto answer = matches("branch_re = '(a+)+$'", c);
  EXPECT_NE(answer.find("match limit exceeded"), std::string::npos) << answer;
}

TEST(ChangeFilter, TakesBytesThatAreNoUtf8) {
  wire::Change c = change();
  c.branch = "\xff\xfe-x";
  EXPECT_EQ(matches("branch_re = 'main'", c), "no");
  EXPECT_EQ(matches("branch_not_re = 'main'", c), "yes");
}

}  // namespace
}  // namespace headrace::config
