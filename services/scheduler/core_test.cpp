// SPDX-License-Identifier: Apache-2.0
// What the scheduler decides about changes, read back from the calls of the store that it gives out.
#include "scheduler/core.hpp"

#include <gtest/gtest.h>

#include "config/test_support.hpp"
#include "wire/codec.hpp"

namespace headrace::scheduler {
namespace {

constexpr std::int64_t kTerm = 3, kVersion = 7;
using Texts = std::vector<std::string>;

// One operation of scheduler_apply, or what scheduler_due makes.
struct Decision {
  std::string kind, scheduler, timer;
  std::string change, important, due;  // of "wait"
  Texts listed;                        // of "due"
  wire::Buildset set;                  // of "set" and "due"
};

// Takes the words of a call from the front; says what the call lacks.
class Words {
 public:
  explicit Words(const store::Call& call) : words_(call.args) {}
  std::string take() {
    if (at_ >= words_.size())
      throw std::runtime_error("the call ends after " + std::to_string(at_) + " words");
    return words_[at_++];
  }
  // Also that the builders beside the body are those in it: the store reads only the former.
  wire::Buildset take_buildset() {
    auto set = wire::decode<wire::Buildset>(take());
    if (!set) throw std::runtime_error(set.error().text);
    const auto count = std::stoul(take());
    EXPECT_EQ(count, set->requests.size());
    for (std::size_t i = 0; i < count; ++i) {
      EXPECT_EQ(take(), set->requests.at(i).builder);
      EXPECT_EQ(take(), std::to_string(set->requests.at(i).priority));
    }
    return *set;
  }
  bool at_end() const { return at_ == words_.size(); }

 private:
  Texts words_;
  std::size_t at_ = 0;
};

struct Applied {
  std::int64_t from = 0, to = 0;
  std::string tag;
  std::vector<Decision> decisions;
};

Applied read_apply(const store::Call& call) {
  EXPECT_EQ(call.function, "scheduler_apply");
  Words w(call);
  Applied out;
  EXPECT_EQ(w.take(), std::to_string(kTerm));
  out.from = std::stoll(w.take());
  out.to = std::stoll(w.take());
  out.tag = w.take();
  EXPECT_EQ(w.take(), std::to_string(kVersion));
  const auto count = std::stoul(w.take());
  for (std::size_t i = 0; i < count; ++i) {
    Decision d;
    d.kind = w.take();
    d.scheduler = w.take();
    if (d.kind == "set") {
      d.set = w.take_buildset();
    } else {
      d.timer = w.take();
      d.change = w.take();
      d.important = w.take();
      d.due = w.take();
    }
    out.decisions.push_back(std::move(d));
  }
  EXPECT_TRUE(w.at_end());
  return out;
}

Decision read_due(const store::Call& call) {
  EXPECT_EQ(call.function, "scheduler_due");
  Words w(call);
  Decision d;
  d.kind = "due";
  EXPECT_EQ(w.take(), std::to_string(kTerm));
  EXPECT_EQ(w.take(), std::to_string(kVersion));
  d.scheduler = w.take();
  d.timer = w.take();
  d.due = w.take();
  EXPECT_EQ(w.take(), "");
  const auto count = std::stoul(w.take());
  for (std::size_t i = 0; i < count; ++i) d.listed.push_back(w.take());
  d.set = w.take_buildset();
  EXPECT_TRUE(w.at_end());
  return d;
}

wire::Change change(Texts files = {"src/a.c"}, std::optional<std::string> branch = "main") {
  wire::Change c;
  c.author = "ann";
  c.repository = "git/hello";
  c.files = std::move(files);
  c.branch = std::move(branch);
  return c;
}

// A scheduler process over a configuration with the builders a and b and these schedulers.
struct Scheduler {
  explicit Scheduler(const std::string& schedulers, std::map<ListName, WaitingList> waiting = {})
      : configuration(config::evaluated("worker 'w' {}\n"
                                        "builder 'a' { workers = 'w', steps = step.compile {} }\n"
                                        "builder 'b' { workers = 'w', steps = step.compile {} }\n" +
                                        schedulers)),
        core(*configuration, ConfigVersion{kVersion}, kTerm, {EventNumber{10}, "t10"}, std::move(waiting)) {}

  // The next event: a change at this time. @return the calls that it causes
  std::vector<store::Call> see(wire::Change c, std::int64_t at_ms = 1000) {
    wire::Event event;
    event.topic = "change.new";
    event.ids["changeid"] = ++change_id;
    event.at_ms = at_ms;
    c.id = {};  // not on the wire
    event.body = wire::encode(c);
    return see(std::move(event));
  }
  std::vector<store::Call> see(wire::Event event) {
    event.number.value = ++number;
    event.tag = "t" + std::to_string(number);
    std::vector<store::Call> calls;
    core.on_event(event, calls);
    return calls;
  }
  std::vector<store::Call> at(std::int64_t now_ms) {
    std::vector<store::Call> calls;
    core.on_time(now_ms, calls);
    return calls;
  }
  // What is decided about the next change, as "set main" or "wait main 3 1 6000".
  Texts decide(wire::Change c, std::int64_t at_ms = 1000) {
    Texts out;
    const auto calls = see(std::move(c), at_ms);
    EXPECT_LE(calls.size(), 1u) << "one call an event, so that the cursor and its effect are one";
    for (const auto& call : calls)
      for (const auto& d : read_apply(call).decisions)
        out.push_back(d.kind == "set"
                          ? "set " + d.scheduler
                          : "wait " + d.scheduler + " " + d.change + " " + d.important + " " + d.due);
    return out;
  }

  std::unique_ptr<config::Configuration> configuration;
  Core core;
  std::int64_t number = 10, change_id = 0;
};

// ---- at once ----

TEST(SchedulerCore, WithoutATimerAChangeIsBuiltAtOnce) {
  Scheduler s("scheduler.branch 'main' { builders = { 'a', 'b' }, priority = 4 }");
  const auto calls = s.see(change());
  ASSERT_EQ(calls.size(), 1u);
  const auto applied = read_apply(calls[0]);
  EXPECT_EQ(applied.from, 10);
  EXPECT_EQ(applied.to, 11);
  EXPECT_EQ(applied.tag, "t11");
  ASSERT_EQ(applied.decisions.size(), 1u);
  const auto& set = applied.decisions[0].set;
  EXPECT_EQ(applied.decisions[0].scheduler, "main");
  EXPECT_EQ(set.changes, std::vector{ChangeId{1}}) << "the id is the event's: it is not in the body";
  ASSERT_EQ(set.requests.size(), 2u);
  EXPECT_EQ(set.requests[0].builder, "a");
  EXPECT_EQ(set.requests[1].builder, "b");
  EXPECT_EQ(set.requests[1].priority, 4);
  EXPECT_EQ(s.core.next_due(), std::nullopt);
}

TEST(SchedulerCore, EverySchedulerThatWantsAChangeDecidesInOneCall) {
  Scheduler s(
      "scheduler.branch 'now' { builders = 'a' }\n"
      "scheduler.branch 'later' { builders = 'b', tree_stable_timer = '5s' }\n"
      "scheduler.branch 'never' { builders = 'b', branch = 'release' }\n"
      "scheduler.force 'hand' { builders = 'b' }");
  EXPECT_EQ(s.decide(change()), (Texts{"set now", "wait later 1 1 6000"}));
}

// ---- which changes ----

TEST(SchedulerCore, TheBranchIsComparedExactly) {
  Scheduler s(
      "scheduler.branch 'main' { builders = 'a', branch = 'main' }\n"
      "scheduler.branch 'default' { builders = 'a', branch = false }");
  EXPECT_EQ(s.decide(change({"f"}, "main")), Texts{"set main"});
  EXPECT_EQ(s.decide(change({"f"}, "main2")), Texts{});
  EXPECT_EQ(s.decide(change({"f"}, std::nullopt)), Texts{"set default"});
}

TEST(SchedulerCore, AChangeFilterDecidesWhichChangesAreSeen) {
  Scheduler s(
      "scheduler.branch 'pull' { builders = 'a', change_filter = { branch_re = 'pull/', category = 'pr',\n"
      "  filter_fn = function(c) return c.author == 'ann' end } }");
  auto c = change({"f"}, "pull/12");
  EXPECT_EQ(s.decide(c), Texts{}) << "no category";
  c.category = "pr";
  EXPECT_EQ(s.decide(c), Texts{"set pull"});
  c.branch = "main";
  EXPECT_EQ(s.decide(c), Texts{});
  c.branch = "pull/12";
  c.author = "bob";
  EXPECT_EQ(s.decide(c), Texts{});
  EXPECT_EQ(s.core.take_complaints(), Texts{}) << "not wanted is nothing to complain of";
}

TEST(SchedulerCore, OnlyItsCodebasesConcernAScheduler) {
  Scheduler s(
      "scheduler.branch 'one' { builders = 'a' }\n"
      "scheduler.branch 'two' { builders = 'a', codebases = { 'app', 'lib' } }");
  auto c = change();
  EXPECT_EQ(s.decide(c), Texts{"set one"});
  c.codebase = "lib";
  EXPECT_EQ(s.decide(c), Texts{"set two"});
  c.codebase = "other";
  EXPECT_EQ(s.decide(c), Texts{});
}

TEST(SchedulerCore, ImportantFilesAreGlobs) {
  Scheduler s("scheduler.branch 'main' { builders = 'a', important_files = { 'src/*', 'lib/**.h' } }");
  EXPECT_EQ(s.decide(change({"README", "src/a.c"})), Texts{"set main"}) << "one important file is enough";
  EXPECT_EQ(s.decide(change({"lib/deep/down/x.h"})), Texts{"set main"});
  EXPECT_EQ(s.decide(change({"README"})), Texts{});
  EXPECT_EQ(s.decide(change({"src/deep/a.c"})), Texts{}) << "* stays in a directory";
  EXPECT_EQ(s.decide(change({})), Texts{});
}

TEST(SchedulerCore, AFunctionSaysWhatIsImportant) {
  Scheduler s("scheduler.branch 'main' { builders = 'a', important = function(c) return #c.files > 1 end }");
  EXPECT_EQ(s.decide(change({"a"})), Texts{});
  EXPECT_EQ(s.decide(change({"a", "b"})), Texts{"set main"});
}

TEST(SchedulerCore, AFunctionsErrorIsToldAndLosesThisChangeOfThisSchedulerOnly) {
  Scheduler s(
      "scheduler.branch 'bad' { builders = 'a',\n"
      "  important = function(c) if c.author == 'eve' then error('who is eve') end return true end }\n"
      "scheduler.branch 'filter' { builders = 'a', change_filter = { branch_fn = function(b) error('no') end "
      "} }\n"
      "scheduler.branch 'good' { builders = 'b' }");
  auto c = change();
  c.author = "eve";
  const auto calls = s.see(c);
  ASSERT_EQ(calls.size(), 1u);
  const auto applied = read_apply(calls[0]);
  EXPECT_EQ(applied.to, 11) << "the cursor passes it: the next life must not stumble again";
  ASSERT_EQ(applied.decisions.size(), 1u);
  EXPECT_EQ(applied.decisions[0].scheduler, "good");
  EXPECT_EQ(s.core.take_complaints(), (Texts{"scheduler bad ignores change 1: headrace.lua:5: who is eve",
                                             "scheduler filter ignores change 1: headrace.lua:6: no"}));
  EXPECT_EQ(s.core.take_complaints(), Texts{}) << "told once";
  EXPECT_EQ(s.decide(change()), (Texts{"set bad", "set good"}));
}

TEST(SchedulerCore, AChangeThatCannotBeReadIsToldAndPassed) {
  Scheduler s("scheduler.branch 'main' { builders = 'a' }");
  wire::Event event;
  event.topic = "change.new";
  event.ids["changeid"] = 5;
  event.body = "\xc1";
  EXPECT_TRUE(s.see(event).empty());
  const auto complaints = s.core.take_complaints();
  ASSERT_EQ(complaints.size(), 1u);
  EXPECT_TRUE(complaints[0].starts_with("change 5 cannot be read: ")) << complaints[0];
  EXPECT_EQ(read_apply(s.see(change()).at(0)).from, 10);
}

// ---- the tree-stable timer ----

constexpr auto kStable =
    "scheduler.branch 'main' { builders = 'a', tree_stable_timer = '5s', important_files = 'src/*' }";

TEST(SchedulerCore, EachChangeRestartsTheTimer) {
  Scheduler s(kStable);
  EXPECT_EQ(s.decide(change(), 1000), Texts{"wait main 1 1 6000"});
  EXPECT_EQ(s.core.next_due(), 6000);
  EXPECT_EQ(s.decide(change(), 4000), Texts{"wait main 2 1 9000"});
  EXPECT_EQ(s.core.next_due(), 9000);
  EXPECT_TRUE(s.at(8999).empty());
  const auto calls = s.at(9000);
  ASSERT_EQ(calls.size(), 1u);
  const auto due = read_due(calls[0]);
  EXPECT_EQ(due.scheduler, "main");
  EXPECT_EQ(due.timer, "");
  EXPECT_EQ(due.due, "9000") << "names the timer: a restarted one is another";
  EXPECT_EQ(due.listed, (Texts{"1", "2"}));
  EXPECT_EQ(due.set.changes, (std::vector{ChangeId{1}, ChangeId{2}})) << "oldest first";
  EXPECT_EQ(s.core.next_due(), std::nullopt);
  EXPECT_TRUE(s.at(100'000).empty()) << "built once";
}

TEST(SchedulerCore, AnUnimportantChangeStartsNoTimerButWaitsForOne) {
  Scheduler s(kStable);
  EXPECT_EQ(s.decide(change({"README"}), 1000), Texts{"wait main 1 0 "});
  EXPECT_EQ(s.core.next_due(), std::nullopt);
  EXPECT_TRUE(s.at(1'000'000).empty());
  EXPECT_EQ(s.decide(change({"src/a.c"}), 2000), Texts{"wait main 2 1 7000"});
  EXPECT_EQ(read_due(s.at(7000).at(0)).listed, (Texts{"1", "2"})) << "it is part of the build";
}

TEST(SchedulerCore, AnUnimportantChangeKeepsARunningTimerWaiting) {
  Scheduler s(kStable);
  s.see(change({"src/a.c"}), 1000);
  EXPECT_EQ(s.decide(change({"README"}), 3000), Texts{"wait main 2 0 8000"});
  EXPECT_TRUE(s.at(7999).empty());
  EXPECT_EQ(s.at(8000).size(), 1u);
}

TEST(SchedulerCore, OnlyImportantForgetsTheOthers) {
  Scheduler s(
      "scheduler.branch 'main' { builders = 'a', tree_stable_timer = '5s', important_files = 'src/*',\n"
      "  only_important = true }");
  s.see(change({"src/a.c"}), 1000);
  EXPECT_EQ(s.decide(change({"README"}), 3000), Texts{});
  EXPECT_EQ(read_due(s.at(6000).at(0)).listed, Texts{"1"});
}

TEST(SchedulerCore, ATimerGoesOnInTheNextLife) {
  std::map<ListName, WaitingList> waiting;
  wire::Change c = change();
  c.id.value = 4;
  waiting[{"main", ""}] = {{{c, true}}, 9000};
  Scheduler s(kStable, waiting);
  EXPECT_EQ(s.core.next_due(), 9000);
  EXPECT_TRUE(s.at(8999).empty());
  EXPECT_EQ(read_due(s.at(9000).at(0)).listed, Texts{"4"});
}

TEST(SchedulerCore, TheListOfASchedulerThatIsGoneIsDropped) {
  std::map<ListName, WaitingList> waiting;
  waiting[{"gone", ""}] = {{{change(), true}}, 9000};
  waiting[{"hand", ""}] = {{{change(), true}}, 9000};
  Scheduler s("scheduler.force 'hand' { builders = 'a' }", waiting);
  const auto calls = s.at(0);
  ASSERT_EQ(calls.size(), 2u);
  EXPECT_EQ(calls[0].function, "waiting_drop");
  EXPECT_EQ(calls[0].args, (Texts{std::to_string(kTerm), std::to_string(kVersion), "gone", ""}));
  EXPECT_EQ(calls[1].args, (Texts{std::to_string(kTerm), std::to_string(kVersion), "hand", ""}))
      << "another kind by now";
  EXPECT_TRUE(s.at(9000).empty());
}

TEST(SchedulerCore, TheEarliestTimerIsTheNext) {
  Scheduler s(
      "scheduler.branch 'slow' { builders = 'a', tree_stable_timer = '60s' }\n"
      "scheduler.branch 'quick' { builders = 'a', tree_stable_timer = '5s' }");
  s.see(change(), 1000);
  EXPECT_EQ(s.core.next_due(), 6000);
  EXPECT_EQ(read_due(s.at(6000).at(0)).scheduler, "quick");
  EXPECT_EQ(s.core.next_due(), 61'000);
}

// ---- the cursor ----

TEST(SchedulerCore, TheCursorGoesFromWhereTheLastCallLeftIt) {
  Scheduler s("scheduler.branch 'main' { builders = 'a', branch = 'main' }");
  wire::Event other;
  other.topic = "step.started.a";
  EXPECT_TRUE(s.see(other).empty());                     // 11
  EXPECT_TRUE(s.see(change({"f"}, "other")).empty());    // 12
  const auto first = read_apply(s.see(change()).at(0));  // 13
  EXPECT_EQ(first.from, 10);
  EXPECT_EQ(first.to, 13);
  EXPECT_EQ(first.tag, "t13");
  const auto second = read_apply(s.see(change()).at(0));
  EXPECT_EQ(second.from, 13);
  EXPECT_EQ(second.to, 14);
}

TEST(SchedulerCore, AnIdleCursorMovesOverWhatDecidedNothingAndOnlyForward) {
  Scheduler s("scheduler.branch 'main' { builders = 'a', branch = 'main' }");
  std::vector<store::Call> calls;
  s.core.on_idle(calls);
  EXPECT_TRUE(calls.empty()) << "nothing was seen";
  s.see(change({"f"}, "other"));
  s.see(change({"f"}, "other"));
  s.core.on_idle(calls);
  ASSERT_EQ(calls.size(), 1u);
  const auto applied = read_apply(calls[0]);
  EXPECT_EQ(applied.from, 10);
  EXPECT_EQ(applied.to, 12);
  EXPECT_EQ(applied.tag, "t12");
  EXPECT_TRUE(applied.decisions.empty());
  s.core.on_idle(calls);
  EXPECT_EQ(calls.size(), 1u) << "not again";
  EXPECT_EQ(read_apply(s.see(change()).at(0)).from, 12);
}

}  // namespace
}  // namespace headrace::scheduler
