// SPDX-License-Identifier: Apache-2.0
// Waiting lists that an older version stored, on a real Redis: one list for all branches becomes one for
// each.
#include "scheduler/testing/core_run.hpp"
#include "store/state/events.hpp"
#include "store/testing/raw_client.hpp"
#include "store/transitions/change.hpp"
#include "store/transitions/lease.hpp"
#include "store/transitions/site.hpp"
#include "support/redis_server.hpp"

namespace headrace::scheduler::testing {
namespace {

class TakeOver : public ::testing::Test {
 protected:
  TakeOver() : redis({*store::parse_address(server().address())}) {
    redis.command({"FLUSHALL"});
    redis.load_functions(true);
    redis.command({"SET", redis.keys()("clock"), "1700000000000"});
    good(store::ConfigApply{
        std::nullopt, "d1", wire::encode_value(json::Object{}), {{store::NameKind::builder, "a"}}});
    term = good(store::RoleHold{"scheduler", "s1", std::chrono::seconds(10)}).term;
  }
  static test::RedisServer& server() {
    static test::RedisServer one;
    return one;
  }
  template <class T>
  typename T::Answer good(const T& transition) {
    auto out = redis.commit(transition);
    EXPECT_TRUE(out) << T::kFunction << ": " << (out ? "" : out.error().text);
    return out ? std::move(*out) : typename T::Answer{};
  }
  void commit(const Actions& actions) {
    for (const auto& action : actions)
      std::visit(wire::On{[](const Complain& complaint) { ADD_FAILURE() << complaint.text; },
                          [this](const auto& transition) { good(transition); }},
                 action);
  }

  store::RawClient redis;
  std::int64_t term = 0;
};

TEST_F(TakeOver, OneListOfManyBranchesBecomesOneForEach) {
  auto readme = change({"README"}, "docs");
  good(store::ChangeAdd{
      "", std::nullopt, {change(), change({"src/a.c"}, "topic"), readme, change(), change()}});
  // As an older version stored it.
  const auto wait = [](std::int64_t id, bool important) {
    return SchedulerApply::Wait{{"all", ""}, ChangeId{id}, important, 9000};
  };
  good(SchedulerApply{term,
                      {1},
                      {0},
                      redis.read(store::head()),
                      {wait(1, true), wait(2, true), wait(3, false), wait(4, false)}});

  const auto configuration = config::evaluated(
      "worker 'w' {}\n"
      "builder 'a' { workers = 'w', steps = step.compile {} }\n"
      "scheduler.branch 'all' { builders = 'a', tree_stable_timer = '5s', important_files = 'src/*' }");
  {
    Core first(*configuration, {1}, term, redis.read(store::scheduler_state()));
    const auto split = first.take_actions();
    ASSERT_EQ(all<store::WaitingSplit>(split).size(), 1u);
    commit(split);
    EXPECT_EQ(first.next_due(), 9000);
  }
  auto state = redis.read(store::scheduler_state());
  EXPECT_EQ(state.timers.size(), 3u);
  EXPECT_EQ(state.timers.at({"all", "3"}).due_ms, std::nullopt) << "nothing important waits on docs";
  Core next(*configuration, {1}, term, std::move(state));
  EXPECT_TRUE(next.take_actions().empty()) << "once";
  next.on_time(9000);
  const auto due = next.take_actions();
  const auto sets = all<SchedulerDue>(due);
  ASSERT_EQ(sets.size(), 2u);
  EXPECT_EQ(sets[0].set.changes, (std::vector{ChangeId{1}, ChangeId{4}}));
  EXPECT_EQ(sets[0].set.sourcestamps.at(0).branch, "main");
  EXPECT_EQ(sets[1].set.changes, (std::vector{ChangeId{2}}));
  EXPECT_EQ(sets[1].set.sourcestamps.at(0).branch, "topic");
  commit(due);
  EXPECT_EQ(redis.read(store::scheduler_state()).timers.size(), 1u);
}

TEST_F(TakeOver, AListOfOneHistoryStaysAsItIs) {
  good(store::ChangeAdd{"", std::nullopt, {change(), change()}});
  good(SchedulerApply{term,
                      {1},
                      {0},
                      redis.read(store::head()),
                      {SchedulerApply::Wait{{"all", ""}, ChangeId{1}, true, 9000}}});
  const auto configuration = config::evaluated(
      "worker 'w' {}\n"
      "builder 'a' { workers = 'w', steps = step.compile {} }\n"
      "scheduler.branch 'all' { builders = 'a', tree_stable_timer = '5s' }");
  Core core(*configuration, {1}, term, redis.read(store::scheduler_state()));
  EXPECT_TRUE(core.take_actions().empty());
  core.on_time(9000);
  commit(core.take_actions());
  EXPECT_TRUE(redis.read(store::scheduler_state()).timers.empty());
}

}  // namespace
}  // namespace headrace::scheduler::testing
