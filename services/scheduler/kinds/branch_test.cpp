// SPDX-License-Identifier: Apache-2.0
#include "scheduler/testing/core_run.hpp"

namespace headrace::scheduler::testing {
namespace {

TEST(Branch, BuildsAChangeAtOnceWithoutATimer) {
  CoreRun s("scheduler.branch 'main' { builders = { 'a', 'b' }, priority = 4 }");
  const auto apply = only<SchedulerApply>(s.see(change()));
  ASSERT_EQ(apply.operations.size(), 1u);
  const auto& make = std::get<SchedulerApply::Make>(apply.operations[0]);
  EXPECT_EQ(make.scheduler, "main");
  EXPECT_EQ(make.set.changes, std::vector{ChangeId{1}}) << "the id is the event's: it is not in the body";
  ASSERT_EQ(make.set.requests.size(), 2u);
  EXPECT_EQ(make.set.requests[0].builder, "a");
  EXPECT_EQ(make.set.requests[1].builder, "b");
  EXPECT_EQ(make.set.requests[1].priority, 4);
  EXPECT_EQ(s.core.next_due(), std::nullopt);
}

TEST(Branch, TheBranchIsComparedExactly) {
  CoreRun s(
      "scheduler.branch 'main' { builders = 'a', branch = 'main' }\n"
      "scheduler.branch 'default' { builders = 'a', branch = false }");
  EXPECT_EQ(s.decide(change({"f"}, "main")), Texts{"make main"});
  EXPECT_EQ(s.decide(change({"f"}, "main2")), Texts{});
  EXPECT_EQ(s.decide(change({"f"}, std::nullopt)), Texts{"make default"});
}

TEST(Branch, AChangeFilterDecidesWhichChangesAreSeen) {
  CoreRun s(
      "scheduler.branch 'pull' { builders = 'a', change_filter = { branch_re = 'pull/', category = 'pr',\n"
      "  filter_fn = function(c) return c.author == 'ann' end } }");
  auto c = change({"f"}, "pull/12");
  EXPECT_EQ(s.decide(c), Texts{}) << "no category";
  c.category = "pr";
  EXPECT_EQ(s.decide(c), Texts{"make pull"});
  c.branch = "main";
  EXPECT_EQ(s.decide(c), Texts{});
  c.branch = "pull/12";
  c.author = "bob";
  EXPECT_EQ(s.decide(c), Texts{});
  EXPECT_TRUE(s.see(c).empty()) << "not wanted is nothing to complain of";
}

TEST(Branch, OnlyItsCodebasesConcernAScheduler) {
  CoreRun s(
      "scheduler.branch 'one' { builders = 'a' }\n"
      "scheduler.branch 'two' { builders = 'a', codebases = { 'app', 'lib' } }");
  auto c = change();
  EXPECT_EQ(s.decide(c), Texts{"make one"});
  c.codebase = "lib";
  EXPECT_EQ(s.decide(c), Texts{"make two"});
  c.codebase = "other";
  EXPECT_EQ(s.decide(c), Texts{});
}

TEST(Branch, ImportantFilesAreGlobs) {
  CoreRun s("scheduler.branch 'main' { builders = 'a', important_files = { 'src/*', 'lib/**.h' } }");
  EXPECT_EQ(s.decide(change({"README", "src/a.c"})), Texts{"make main"}) << "one important file is enough";
  EXPECT_EQ(s.decide(change({"lib/deep/down/x.h"})), Texts{"make main"});
  EXPECT_EQ(s.decide(change({"README"})), Texts{});
  EXPECT_EQ(s.decide(change({"src/deep/a.c"})), Texts{}) << "* stays in a directory";
  EXPECT_EQ(s.decide(change({})), Texts{});
}

TEST(Branch, AFunctionSaysWhatIsImportant) {
  CoreRun s("scheduler.branch 'main' { builders = 'a', important = function(c) return #c.files > 1 end }");
  EXPECT_EQ(s.decide(change({"a"})), Texts{});
  EXPECT_EQ(s.decide(change({"a", "b"})), Texts{"make main"});
}

constexpr auto kStable =
    "scheduler.branch 'main' { builders = 'a', tree_stable_timer = '5s', important_files = 'src/*' }";

TEST(Branch, EachChangeRestartsTheTimer) {
  CoreRun s(kStable);
  EXPECT_EQ(s.decide(change(), 1000), Texts{"wait main 1 important 6000"});
  EXPECT_EQ(s.core.next_due(), 6000);
  EXPECT_EQ(s.decide(change(), 4000), Texts{"wait main 2 important 9000"});
  EXPECT_EQ(s.core.next_due(), 9000);
  EXPECT_TRUE(s.at(8999).empty());
  const auto due = only<SchedulerDue>(s.at(9000));
  EXPECT_EQ(due.timer, (store::TimerName{"main", ""}));
  EXPECT_EQ(due.due_ms, 9000) << "names the timer: a restarted one is another";
  EXPECT_EQ(due.next_due_ms, std::nullopt);
  EXPECT_EQ(due.changes, (std::vector{ChangeId{1}, ChangeId{2}}));
  EXPECT_EQ(due.set.changes, (std::vector{ChangeId{1}, ChangeId{2}})) << "oldest first";
  EXPECT_EQ(s.core.next_due(), std::nullopt);
  EXPECT_TRUE(s.at(100'000).empty()) << "built once";
}

TEST(Branch, AnUnimportantChangeStartsNoTimerButWaitsForOne) {
  CoreRun s(kStable);
  EXPECT_EQ(s.decide(change({"README"}), 1000), Texts{"wait main 1 unimportant"});
  EXPECT_EQ(s.core.next_due(), std::nullopt);
  EXPECT_TRUE(s.at(1'000'000).empty());
  EXPECT_EQ(s.decide(change({"src/a.c"}), 2000), Texts{"wait main 2 important 7000"});
  EXPECT_EQ(only<SchedulerDue>(s.at(7000)).changes, (std::vector{ChangeId{1}, ChangeId{2}}))
      << "it is part of the build";
}

TEST(Branch, AnUnimportantChangeKeepsARunningTimerWaiting) {
  CoreRun s(kStable);
  s.see(change({"src/a.c"}), 1000);
  EXPECT_EQ(s.decide(change({"README"}), 3000), Texts{"wait main 2 unimportant 8000"});
  EXPECT_TRUE(s.at(7999).empty());
  EXPECT_EQ(s.at(8000).size(), 1u);
}

TEST(Branch, OnlyImportantForgetsTheOthers) {
  CoreRun s(
      "scheduler.branch 'main' { builders = 'a', tree_stable_timer = '5s', important_files = 'src/*',\n"
      "  only_important = true }");
  s.see(change({"src/a.c"}), 1000);
  EXPECT_EQ(s.decide(change({"README"}), 3000), Texts{});
  EXPECT_EQ(only<SchedulerDue>(s.at(6000)).changes, std::vector{ChangeId{1}});
}

TEST(Branch, ATimerGoesOnInTheNextLife) {
  Timers timers;
  wire::Change c = change();
  c.id.value = 4;
  timers[{"main", ""}] = {{{c, true}}, 9000};
  CoreRun s(kStable, timers);
  EXPECT_EQ(s.core.next_due(), 9000);
  EXPECT_TRUE(s.at(8999).empty());
  EXPECT_EQ(only<SchedulerDue>(s.at(9000)).changes, std::vector{ChangeId{4}});
}

}  // namespace
}  // namespace headrace::scheduler::testing
