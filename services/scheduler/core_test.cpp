// SPDX-License-Identifier: Apache-2.0
// The part of the core that is the same for every kind of scheduler: events and the cursor, timers,
// complaints.
#include "config/vocabulary.hpp"
#include "scheduler/testing/core_run.hpp"

namespace headrace::scheduler::testing {
namespace {

TEST(SchedulerCore, EveryKindOfTheVocabularyHasARoom) {
  for (const auto& [word, row] : config::Vocabulary::get().words())
    if (word.starts_with("scheduler.")) {
      EXPECT_NE(find_kind(word.substr(10)), nullptr) << word;
    }
}

TEST(SchedulerCore, EverySchedulerThatWantsAChangeDecidesInOneCall) {
  CoreRun s(
      "scheduler.branch 'now' { builders = 'a' }\n"
      "scheduler.branch 'later' { builders = 'b', tree_stable_timer = '5s' }\n"
      "scheduler.branch 'never' { builders = 'b', branch = 'release' }\n"
      "scheduler.force 'hand' { builders = 'b' }");
  EXPECT_EQ(s.decide(change()), (Texts{"make now", "wait later 1 important 6000"}));
}

TEST(SchedulerCore, AChangeThatCannotBeReadIsToldAndPassed) {
  CoreRun s("scheduler.branch 'main' { builders = 'a' }");
  wire::Event event;
  event.topic = "change.new";
  event.ids["changeid"] = 5;
  event.body = "\xc1";
  const auto told = only<Complain>(s.see(event)).text;
  EXPECT_TRUE(told.starts_with("change 5 cannot be read: ")) << told;
  EXPECT_EQ(only<SchedulerApply>(s.see(change())).from.value, 10);
}

TEST(SchedulerCore, AFunctionsErrorIsToldAndLosesThisChangeOfThisSchedulerOnly) {
  CoreRun s(
      "scheduler.branch 'bad' { builders = 'a',\n"
      "  important = function(c) if c.author == 'eve' then error('who is eve') end return true end }\n"
      "scheduler.branch 'filter' { builders = 'a', change_filter = { branch_fn = function(b) error('no') end "
      "} }\n"
      "scheduler.branch 'good' { builders = 'b' }");
  auto c = change();
  c.author = "eve";
  const auto actions = s.see(c);
  const auto applied = all<SchedulerApply>(actions);
  ASSERT_EQ(applied.size(), 1u);
  EXPECT_EQ(applied[0].to.number.value, 11) << "the cursor passes it: the next life must not stumble again";
  ASSERT_EQ(applied[0].operations.size(), 1u);
  EXPECT_EQ(std::get<SchedulerApply::Make>(applied[0].operations[0]).scheduler, "good");
  EXPECT_EQ(complaints(actions), (Texts{"scheduler bad ignores change 1: headrace.lua:5: who is eve",
                                        "scheduler filter ignores change 1: headrace.lua:6: no"}));
  EXPECT_EQ(s.decide(change()), (Texts{"make bad", "make good"}));
}

TEST(SchedulerCore, ATimerThatNoSchedulerTakesIsDropped) {
  Timers timers;
  timers[{"gone", ""}] = {{{change(), true}}, 9000};
  timers[{"hand", ""}] = {{{change(), true}}, 9000};
  CoreRun s("scheduler.force 'hand' { builders = 'a' }", timers);
  const auto dropped = all<store::WaitingDrop>(s.core.take_actions());
  ASSERT_EQ(dropped.size(), 2u);
  EXPECT_EQ(dropped[0].timer, (store::TimerName{"gone", ""}));
  EXPECT_EQ(dropped[0].term, CoreRun::kTerm);
  EXPECT_EQ(dropped[0].version, CoreRun::kVersion);
  EXPECT_EQ(dropped[1].timer, (store::TimerName{"hand", ""})) << "another kind by now";
  EXPECT_TRUE(s.at(9000).empty());
}

TEST(SchedulerCore, TheEarliestTimerIsTheNext) {
  CoreRun s(
      "scheduler.branch 'slow' { builders = 'a', tree_stable_timer = '60s' }\n"
      "scheduler.branch 'quick' { builders = 'a', tree_stable_timer = '5s' }");
  s.see(change(), 1000);
  EXPECT_EQ(s.core.next_due(), 6000);
  EXPECT_EQ(only<SchedulerDue>(s.at(6000)).timer.scheduler, "quick");
  EXPECT_EQ(s.core.next_due(), 61'000);
}

TEST(SchedulerCore, TheCursorGoesFromWhereTheLastCallLeftIt) {
  CoreRun s("scheduler.branch 'main' { builders = 'a', branch = 'main' }");
  wire::Event other;
  other.topic = "step.started.a";
  EXPECT_TRUE(s.see(other).empty());                         // 11
  EXPECT_TRUE(s.see(change({"f"}, "other")).empty());        // 12
  const auto first = only<SchedulerApply>(s.see(change()));  // 13
  EXPECT_EQ(first.term, CoreRun::kTerm);
  EXPECT_EQ(first.version, CoreRun::kVersion);
  EXPECT_EQ(first.from.value, 10);
  EXPECT_EQ(first.to.number.value, 13);
  EXPECT_EQ(first.to.tag, "t13");
  const auto second = only<SchedulerApply>(s.see(change()));
  EXPECT_EQ(second.from.value, 13);
  EXPECT_EQ(second.to.number.value, 14);
}

TEST(SchedulerCore, AnIdleCursorMovesOverWhatDecidedNothingAndOnlyForward) {
  CoreRun s("scheduler.branch 'main' { builders = 'a', branch = 'main' }");
  const auto idle = [&] {
    s.core.on_idle();
    return s.core.take_actions();
  };
  EXPECT_TRUE(idle().empty()) << "nothing was seen";
  s.see(change({"f"}, "other"));
  s.see(change({"f"}, "other"));
  const auto apply = only<SchedulerApply>(idle());
  EXPECT_EQ(apply.from.value, 10);
  EXPECT_EQ(apply.to, (wire::Cursor{EventNumber{12}, "t12"}));
  EXPECT_TRUE(apply.operations.empty());
  EXPECT_TRUE(idle().empty()) << "not again";
  EXPECT_EQ(only<SchedulerApply>(s.see(change())).from.value, 12);
}

}  // namespace
}  // namespace headrace::scheduler::testing
