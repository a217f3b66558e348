// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "config/test_support.hpp"
#include "scheduler/core.hpp"
#include "wire/codec.hpp"

namespace headrace::scheduler {
namespace {

wire::Change change(std::int64_t id, std::string codebase, std::string revision) {
  wire::Change c;
  c.id.value = id;
  c.author = "ann" + std::to_string(id);
  c.codebase = std::move(codebase);
  c.repository = "git/" + c.codebase;
  c.project = "hello";
  c.branch = "main";
  c.revision = std::move(revision);
  return c;
}

// The buildset of the scheduler "s" with these fields, for these changes.
struct Made {
  explicit Made(const std::string& fields, const std::vector<wire::Change>& changes,
                const std::string& kind = "branch") {
    const auto configuration = config::evaluated(
        "worker 'w' {}\n"
        "builder 'a' { workers = 'w', steps = step.compile {} }\n"
        "builder 'b' { workers = 'w', steps = step.compile {} }\n"
        "scheduler." +
        kind + " 's' { builders = { 'b', 'a' }, " + fields + " }");
    if (!configuration) return;
    const auto& s = *configuration->site().scheduler("s");
    const auto codebases = s.kind == "branch" ? s.options.as<BranchOptions>().codebases
                                              : std::map<std::string, wire::SourceStamp>();
    set = make_buildset(*configuration, s, codebases, changes, complaints);
  }
  json::Value property(const std::string& name) const {
    const auto found = set.properties.find(name);
    if (found == set.properties.end()) return "(none)";
    return json::Array{found->second.value, found->second.source};
  }
  wire::Buildset set;
  std::vector<std::string> complaints;
};
json::Value from(json::Value value, const char* source) { return json::Array{std::move(value), source}; }

TEST(MakeBuildset, HasARequestForEachBuilderInOrder) {
  const Made made("priority = 7", {change(1, "", "r1")});
  EXPECT_EQ(made.set.scheduler, "s");
  ASSERT_EQ(made.set.requests.size(), 2u);
  EXPECT_EQ(made.set.requests[0].builder, "b");
  EXPECT_EQ(made.set.requests[1].builder, "a");
  EXPECT_EQ(made.set.requests[0].priority, 7);
  EXPECT_EQ(made.set.requests[1].priority, 7);
}

TEST(MakeBuildset, TheReasonIsTheSchedulersOrSaysWhoItWas) {
  EXPECT_EQ(Made("reason = 'because'", {}).set.reason, "because");
  EXPECT_EQ(Made("priority = 0", {}).set.reason, "The branch scheduler named 's' triggered this build");
  EXPECT_EQ(Made("priority = 0", {}, "force").set.reason,
            "The force scheduler named 's' triggered this build");
}

TEST(MakeBuildset, SeveralChangesGiveTheStampOfTheHighest) {
  // A change with a lower id that comes later in the list is still the older one.
  const Made made("priority = 0", {change(3, "", "r3"), change(5, "", "r5"), change(4, "", "r4")});
  ASSERT_EQ(made.set.sourcestamps.size(), 1u);
  const auto& stamp = made.set.sourcestamps[0];
  EXPECT_EQ(stamp.revision, "r5");
  EXPECT_EQ(stamp.branch, "main");
  EXPECT_EQ(stamp.repository, "git/");
  EXPECT_EQ(stamp.project, "hello");
  EXPECT_EQ(made.set.changes, (std::vector{ChangeId{3}, ChangeId{5}, ChangeId{4}}));
}

TEST(MakeBuildset, EachCodebaseHasItsStampOfItsNewestChangeOrTheDefault) {
  const Made made(
      "codebases = { app = { repository = 'default/app' }, lib = { branch = 'next' }, doc = { repository = "
      "'default/doc', "
      "branch = 'stable', revision = 'v1', project = 'p' } }",
      {change(1, "app", "a1"), change(2, "lib", "l2"), change(3, "app", "a3")});
  ASSERT_EQ(made.set.sourcestamps.size(), 3u);
  const auto& app = made.set.sourcestamps[0];
  EXPECT_EQ(app.codebase, "app");
  EXPECT_EQ(app.revision, "a3");
  EXPECT_EQ(app.repository, "git/app") << "the change's, not the default";
  const auto& doc = made.set.sourcestamps[1];
  EXPECT_EQ(doc, (wire::SourceStamp{"doc", "default/doc", "p", "stable", "v1"}));
  const auto& lib = made.set.sourcestamps[2];
  EXPECT_EQ(lib.codebase, "lib");
  EXPECT_EQ(lib.revision, "l2");
  EXPECT_EQ(lib.branch, "main");
}

TEST(MakeBuildset, WithoutChangesAndCodebasesThereIsOneEmptyStamp) {
  const Made made("priority = 0", {}, "force");
  EXPECT_EQ(made.set.sourcestamps, std::vector{wire::SourceStamp{}});
}

TEST(MakeBuildset, TheChangesPropertiesAreOverTheSchedulers) {
  auto one = change(1, "", "r1"), two = change(2, "", "r2");
  one.properties = {{"owner", {"ann", "Change"}}, {"level", {1, "Change"}}};
  two.properties = {{"level", {2, "Change"}}, {"scheduler", {"nobody", "Change"}}};
  const Made made("properties = { owner = 'nobody', kind = 'push', list = { 1, 2 } }", {one, two});
  EXPECT_EQ(made.property("kind"), from("push", "Scheduler"));
  EXPECT_EQ(made.property("list"), from(json::Array{1, 2}, "Scheduler"));
  EXPECT_EQ(made.property("owner"), from("ann", "Change"));
  EXPECT_EQ(made.property("level"), from(2, "Change")) << "the later change's";
  EXPECT_EQ(made.property("scheduler"), from("s", "Scheduler")) << "nobody else can say that";
}

TEST(MakeBuildset, AFunctionOfThePropertiesSeesTheChanges) {
  const Made made(
      "properties = { who = function(request) return request.changes[2].author .. '@' .. request.scheduler "
      "end }",
      {change(1, "", "r1"), change(2, "", "r2")});
  EXPECT_EQ(made.property("who"), from("ann2@s", "Scheduler"));
  EXPECT_TRUE(made.complaints.empty());
}

TEST(MakeBuildset, ABadFunctionLosesItsPropertyAndIsTold) {
  const Made made("properties = { bad = function(request) error('no way') end, good = 'x' }",
                  {change(1, "", "r1")});
  EXPECT_EQ(made.property("bad"), json::Value("(none)"));
  EXPECT_EQ(made.property("good"), from("x", "Scheduler"));
  EXPECT_EQ(made.complaints, std::vector<std::string>{"scheduler s, property bad: headrace.lua:4: no way"});
  EXPECT_EQ(made.set.requests.size(), 2u) << "it is built all the same";
}

TEST(MakeBuildset, TheArgumentsAreBodyCountAndBuildersWithPriorities) {
  const Made made("priority = -2", {change(1, "", "r1")});
  const auto words = buildset_arguments(made.set);
  ASSERT_EQ(words.size(), 6u);
  const auto body = wire::decode<wire::Buildset>(words[0]);
  ASSERT_TRUE(body) << body.error().text;
  EXPECT_EQ(body->scheduler, "s");
  EXPECT_EQ(body->changes, std::vector{ChangeId{1}});
  EXPECT_EQ(std::vector(words.begin() + 1, words.end()),
            (std::vector<std::string>{"2", "b", "-2", "a", "-2"}));
}

}  // namespace
}  // namespace headrace::scheduler
