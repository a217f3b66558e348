// SPDX-License-Identifier: Apache-2.0
#include "scheduler/testing/core_run.hpp"

namespace headrace::scheduler::testing {
namespace {

constexpr auto kHourly =
    "scheduler.periodic 'hourly' { builders = { 'a', 'b' }, periodic_build_timer = '1h' }";
constexpr std::int64_t kHour = 3'600'000, kNow = 1'000 * kHour;

// The timer as it is stored, due at this time.
Timers due_at(std::int64_t due_ms) { return {{{"hourly", "periodic"}, {{}, due_ms}}}; }

TEST(Periodic, BuildsAtOnceTheFirstTimeAndThenAgainAndAgain) {
  CoreRun s(kHourly);
  EXPECT_LE(s.core.next_due(), kNow);
  const auto first = only<SchedulerDue>(s.at(kNow));
  EXPECT_EQ(first.term, CoreRun::kTerm);
  EXPECT_EQ(first.version, CoreRun::kVersion);
  EXPECT_EQ(first.timer, (store::TimerName{"hourly", "periodic"}));
  EXPECT_EQ(first.due_ms, std::nullopt) << "the timer was never set";
  EXPECT_EQ(first.next_due_ms, kNow + kHour) << "stored in the same step";
  EXPECT_TRUE(first.changes.empty());
  ASSERT_EQ(first.set.requests.size(), 2u);
  EXPECT_EQ(first.set.reason, "The periodic scheduler named 'hourly' triggered this build");
  EXPECT_EQ(first.set.sourcestamps, std::vector{wire::SourceStamp{}});

  EXPECT_EQ(s.core.next_due(), kNow + kHour);
  EXPECT_TRUE(s.at(kNow + kHour - 1).empty());
  const auto second = only<SchedulerDue>(s.at(kNow + kHour));
  EXPECT_EQ(second.due_ms, kNow + kHour);
  EXPECT_EQ(second.next_due_ms, kNow + 2 * kHour);
}

TEST(Periodic, GoesOnInTheNextLife) {
  CoreRun s(kHourly, due_at(kNow));
  EXPECT_TRUE(s.core.take_actions().empty()) << "its timer is its own";
  EXPECT_EQ(s.core.next_due(), kNow);
  EXPECT_TRUE(s.at(kNow - 1).empty());
  EXPECT_EQ(only<SchedulerDue>(s.at(kNow)).due_ms, kNow);
}

TEST(Periodic, BuildsOnceAndAtOnceWhatWasMissedBetweenTwoLives) {
  CoreRun s(kHourly, due_at(kNow));
  const auto due = only<SchedulerDue>(s.at(kNow + 10 * kHour));
  EXPECT_EQ(due.due_ms, kNow);
  EXPECT_EQ(due.next_due_ms, kNow + 11 * kHour);
  EXPECT_TRUE(s.at(kNow + 10 * kHour).empty());
}

TEST(Periodic, WaitsNoLongerThanItsPeriodAlsoWhenThatWasLongerBefore) {
  CoreRun s(kHourly, due_at(kNow + 100 * kHour));
  EXPECT_TRUE(s.at(kNow).empty());
  EXPECT_EQ(s.core.next_due(), kNow + kHour);
  EXPECT_EQ(only<SchedulerDue>(s.at(kNow + kHour)).due_ms, kNow + 100 * kHour) << "as it is stored";
}

TEST(Periodic, TakesNoTimerOfAnotherKind) {
  CoreRun s(kHourly, {{{"hourly", ""}, {{{change(), true}}, kNow}}});
  EXPECT_EQ(only<store::WaitingDrop>(s.core.take_actions()).timer, (store::TimerName{"hourly", ""}));
  EXPECT_EQ(only<SchedulerDue>(s.at(kNow)).due_ms, std::nullopt);
}

TEST(Periodic, LooksAtNoChange) {
  CoreRun s(kHourly);
  EXPECT_TRUE(s.see(change()).empty());
}

TEST(Periodic, NeedsAPeriod) {
  const auto problems = [](const std::string& period) {
    return config::problems_of(
        "worker 'w' {}\n"
        "builder 'a' { workers = 'w', steps = step.compile {} }\n"
        "scheduler.periodic 'hourly' { builders = 'a'" +
        period + " }");
  };
  EXPECT_NE(problems("").find("periodic_build_timer"), std::string::npos) << problems("");
  EXPECT_NE(problems(", periodic_build_timer = 0").find("periodic_build_timer"), std::string::npos);
}

}  // namespace
}  // namespace headrace::scheduler::testing
