// SPDX-License-Identifier: Apache-2.0
#include "buildset/buildset.hpp"

#include <gtest/gtest.h>

#include "config/test_support.hpp"

namespace headrace::buildset {
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

// The buildset of the scheduler "s" with these fields.
struct MadeBuildset {
  explicit MadeBuildset(const std::string& fields, Wanted wanted = {}, const std::string& kind = "branch") {
    const auto configuration = config::evaluated(
        "worker 'w' {}\n"
        "builder 'a' { workers = 'w', steps = step.compile {} }\n"
        "builder 'b' { workers = 'w', steps = step.compile {} }\n"
        "scheduler." +
        kind + " 's' { builders = { 'b', 'a' }, " + fields + " }");
    if (!configuration) return;
    auto made = make_buildset(*configuration, *configuration->site().scheduler("s"), std::move(wanted));
    set = std::move(made.set);
    complaints = std::move(made.complaints);
  }
  MadeBuildset(const std::string& fields, std::vector<wire::Change> changes)
      : MadeBuildset(fields, Wanted{.changes = std::move(changes)}) {}
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
  const MadeBuildset made("priority = 7", {change(1, "", "r1")});
  EXPECT_EQ(made.set.scheduler, "s");
  ASSERT_EQ(made.set.requests.size(), 2u);
  EXPECT_EQ(made.set.requests[0].builder, "b");
  EXPECT_EQ(made.set.requests[1].builder, "a");
  EXPECT_EQ(made.set.requests[0].priority, 7);
  EXPECT_EQ(made.set.requests[1].priority, 7);
}

TEST(MakeBuildset, TheReasonIsTheWantedOneOrTheSchedulersOrSaysWhoItWas) {
  EXPECT_EQ(MadeBuildset("reason = 'because'", Wanted{.reason = "I say so"}).set.reason, "I say so");
  EXPECT_EQ(MadeBuildset("reason = 'because'").set.reason, "because");
  EXPECT_EQ(MadeBuildset("priority = 0").set.reason, "The branch scheduler named 's' triggered this build");
  EXPECT_EQ(MadeBuildset("priority = 0", Wanted{}, "force").set.reason,
            "The force scheduler named 's' triggered this build");
}

TEST(MakeBuildset, SeveralChangesGiveTheStampOfTheHighest) {
  // A change with a lower id that comes later in the list is still the older one.
  const MadeBuildset made("priority = 0", {change(3, "", "r3"), change(5, "", "r5"), change(4, "", "r4")});
  ASSERT_EQ(made.set.sourcestamps.size(), 1u);
  const auto& stamp = made.set.sourcestamps[0];
  EXPECT_EQ(stamp.revision, "r5");
  EXPECT_EQ(stamp.branch, "main");
  EXPECT_EQ(stamp.repository, "git/");
  EXPECT_EQ(stamp.project, "hello");
  EXPECT_EQ(made.set.changes, (std::vector{ChangeId{3}, ChangeId{5}, ChangeId{4}}));
}

TEST(MakeBuildset, EachCodebaseHasTheStampOfItsNewestChangeOrTheDefault) {
  const MadeBuildset made(
      "priority = 0",
      Wanted{.codebases = {{"app", {"", "default/app", "", {}, {}}},
                           {"lib", {"", "", "", "next", {}}},
                           {"doc", {"", "default/doc", "p", "stable", "v1"}}},
             .changes = {change(1, "app", "a1"), change(2, "lib", "l2"), change(3, "app", "a3")}});
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
  const MadeBuildset made("priority = 0", Wanted{}, "force");
  EXPECT_EQ(made.set.sourcestamps, std::vector{wire::SourceStamp{}});
}

TEST(MakeBuildset, TheChangesPropertiesAreOverTheSchedulers) {
  auto one = change(1, "", "r1"), two = change(2, "", "r2");
  one.properties = {{"owner", {"ann", "Change"}}, {"level", {1, "Change"}}};
  two.properties = {{"level", {2, "Change"}}, {"scheduler", {"nobody", "Change"}}};
  const MadeBuildset made("properties = { owner = 'nobody', kind = 'push', list = { 1, 2 } }", {one, two});
  EXPECT_EQ(made.property("kind"), from("push", "Scheduler"));
  EXPECT_EQ(made.property("list"), from(json::Array{1, 2}, "Scheduler"));
  EXPECT_EQ(made.property("owner"), from("ann", "Change"));
  EXPECT_EQ(made.property("level"), from(2, "Change")) << "the later change's";
  EXPECT_EQ(made.property("scheduler"), from("s", "Scheduler")) << "nobody else can say that";
}

TEST(MakeBuildset, AFunctionOfThePropertiesSeesTheChanges) {
  const MadeBuildset made(
      "properties = { who = function(request) return request.changes[2].author .. '@' .. request.scheduler "
      "end }",
      {change(1, "", "r1"), change(2, "", "r2")});
  EXPECT_EQ(made.property("who"), from("ann2@s", "Scheduler"));
  EXPECT_TRUE(made.complaints.empty());
}

TEST(MakeBuildset, ABadFunctionLosesItsPropertyAndIsTold) {
  const MadeBuildset made("properties = { bad = function(request) error('no way') end, good = 'x' }",
                          {change(1, "", "r1")});
  EXPECT_EQ(made.property("bad"), json::Value("(none)"));
  EXPECT_EQ(made.property("good"), from("x", "Scheduler"));
  EXPECT_EQ(made.complaints, std::vector<std::string>{"scheduler s, property bad: headrace.lua:4: no way"});
  EXPECT_EQ(made.set.requests.size(), 2u) << "it is built all the same";
}

TEST(MakeBuildset, TheSchedulersPropertiesAreOverThoseOfWhoeverAsks) {
  const MadeBuildset made("properties = { kind = 'nightly' }",
                          Wanted{.properties = {{"kind", {"mine", "Force Build Form"}},
                                                {"level", {2, "Force Build Form"}},
                                                {"scheduler", {"nobody", "Force Build Form"}}}});
  EXPECT_EQ(made.property("kind"), from("nightly", "Scheduler"));
  EXPECT_EQ(made.property("level"), from(2, "Force Build Form"));
  EXPECT_EQ(made.property("scheduler"), from("s", "Scheduler"));
}

TEST(MakeBuildset, OnlyTheWantedBuildersHaveARequest) {
  const MadeBuildset made("priority = 7", Wanted{.builders = {"a"}});
  ASSERT_EQ(made.set.requests.size(), 1u);
  EXPECT_EQ(made.set.requests[0].builder, "a");
  EXPECT_EQ(made.set.requests[0].priority, 7);
}

}  // namespace
}  // namespace headrace::buildset
