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
  EXPECT_EQ(due.timer, (store::TimerName{"main", "1"})) << "the list's name is its first change";
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

// The changes of the buildsets, as "1 3".
Texts built(const Actions& actions) {
  Texts texts;
  for (const auto& due : all<SchedulerDue>(actions)) {
    EXPECT_EQ(due.changes, due.set.changes);
    std::string text;
    for (const auto id : due.changes) text += (text.empty() ? "" : " ") + std::to_string(id.value);
    texts.push_back(text);
  }
  return texts;
}

wire::Change of(std::string codebase, std::string repository, std::optional<std::string> branch = "main",
                std::string project = "") {
  auto c = change({"src/a.c"}, std::move(branch));
  c.codebase = std::move(codebase), c.repository = std::move(repository), c.project = std::move(project);
  return c;
}

TEST(Branch, EachHistoryHasATimerOfItsOwn) {
  CoreRun s(kStable);
  s.see(of("", "r1"), 1000);
  s.see(of("", "r1", "topic"), 2000);
  s.see(of("", "r1", std::nullopt), 2500);
  s.see(of("", "r2"), 3000);
  s.see(of("", "r2", "main", "p"), 3500);
  s.see(of("", "r1"), 4000);
  EXPECT_EQ(s.core.next_due(), 7000);
  EXPECT_EQ(built(s.at(7000)), Texts{"2"});
  EXPECT_EQ(built(s.at(100'000)), (Texts{"3", "4", "5", "1 6"}));
  EXPECT_EQ(s.core.next_due(), std::nullopt);
}

TEST(Branch, AnUnimportantChangeWaitsForItsOwnHistory) {
  CoreRun s(kStable);
  auto c = of("", "r1", "topic");
  c.files = {"README"};
  s.see(c, 1000);
  s.see(of("", "r1"), 2000);
  EXPECT_EQ(built(s.at(100'000)), Texts{"2"});
  s.see(of("", "r1", "topic"), 200'000);
  EXPECT_EQ(built(s.at(205'000)), Texts{"1 3"});
}

TEST(Branch, TwoRepositoriesOfOneBranchAreTwoHistories) {
  CoreRun s("scheduler.branch 'main' { builders = 'a', branch = 'main', tree_stable_timer = '5s' }");
  s.see(of("", "r1"), 1000);
  s.see(of("", "r2"), 2000);
  EXPECT_EQ(built(s.at(100'000)), (Texts{"1", "2"}));
}

TEST(Branch, TheCodebasesOfADeclaredBranchWaitTogether) {
  CoreRun s(
      "scheduler.branch 'main' { builders = 'a', branch = 'main', tree_stable_timer = '5s',\n"
      "  codebases = { 'app', 'lib' } }");
  s.see(of("app", "app"), 1000);
  s.see(of("app", "fork"), 1100);
  s.see(of("lib", "lib"), 1200);
  s.see(of("app", "fork"), 1300);
  s.see(of("lib", "lib"), 1400);
  EXPECT_EQ(built(s.at(100'000)), (Texts{"2 4", "1 3 5"}));
}

TEST(Branch, WithoutABranchEachCodebaseWaitsForItself) {
  CoreRun s(
      "scheduler.branch 'all' { builders = 'a', tree_stable_timer = '5s', codebases = { 'app', 'lib' } }");
  s.see(of("app", "app"), 1000);
  s.see(of("lib", "lib"), 1200);
  s.see(of("app", "app"), 1300);
  EXPECT_EQ(built(s.at(100'000)), (Texts{"2", "1 3"}));
}

TEST(Branch, ATimerDoesNotWaitForAClockThatWasSetBack) {
  CoreRun s(kStable);
  s.see(change(), 3'600'000);
  EXPECT_TRUE(s.at(3'600'100).empty());
  EXPECT_EQ(s.core.next_due(), 3'605'000);
  EXPECT_TRUE(s.at(1000).empty());  // an hour back
  EXPECT_EQ(s.core.next_due(), 6000) << "the timer's five seconds, from when that was seen";
  EXPECT_TRUE(s.at(2000).empty());
  EXPECT_EQ(s.core.next_due(), 6000);
  const auto due = only<SchedulerDue>(s.at(6000));
  EXPECT_EQ(due.due_ms, 3'605'000) << "as it is stored";
  EXPECT_EQ(due.changes, std::vector{ChangeId{1}});
}

TEST(Branch, AChangeRestartsATimerThatWasShortened) {
  CoreRun s(kStable);
  s.see(change(), 3'600'000);
  s.at(1000);
  s.see(change(), 4000);
  EXPECT_EQ(s.core.next_due(), 9000);
  EXPECT_TRUE(s.at(8999).empty());
  EXPECT_EQ(only<SchedulerDue>(s.at(9000)).changes, (std::vector{ChangeId{1}, ChangeId{2}}));
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
