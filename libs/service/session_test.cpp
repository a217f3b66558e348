// SPDX-License-Identifier: Apache-2.0
#include "service/session.hpp"

#include <gtest/gtest.h>

#include "events/testing/numbered_event.hpp"
#include "service/delays.hpp"

namespace headrace::service {
namespace {

using events::numbered_event;

using Names = std::vector<std::string>;

store::Call call(const std::string& name) {
  store::Call out;
  out.function = name;
  return out;
}
store::Reply said(std::vector<wire::Event> events = {}) {
  store::Reply r;
  r.ok = true;
  r.envelopes.resize(events.size());
  r.events = std::move(events);
  return r;
}

// Performs everything at once and writes it down; `answers` of the service run when they are given.
struct Table {
  explicit Table(SessionOptions options = {EventSource::event_log}) : session(options) {}
  Session session;
  MonoTime now{seconds{1000}};
  Names told;  ///< since the last look

  void operator()(const action::Connect&) { told.push_back("connect"); }
  void operator()(const action::Disconnect&) { told.push_back("disconnect"); }
  void operator()(const action::PostTurn&) { told.push_back("turn"); }
  void operator()(const action::Load&) { told.push_back("load"); }
  void operator()(const action::Unload&) { told.push_back("unload"); }
  void operator()(const action::GiveEvent& a) {
    told.push_back("event " + std::to_string(a.event.number.value));
    if (on_event) on_event();
  }
  void operator()(const action::EventsDrained&) { told.push_back("drained"); }
  void operator()(const action::EventLogBroken&) { told.push_back("broken"); }
  void operator()(const action::Tick&) { told.push_back("tick"); }
  void operator()(const action::Commit& a) {
    std::string text = "commit";
    for (const auto& c : a.calls) text += " " + c.function;
    told.push_back(text);
  }
  void operator()(action::GiveAnswer& a) { a.done(std::move(a.reply)); }
  void operator()(const action::ReadEvents& a) {
    told.push_back("read " + std::to_string(a.read.after.value));
  }
  void operator()(const action::Publish& a) { told.push_back("publish " + std::to_string(a.events.size())); }
  void operator()(const action::Note&) {}
  std::function<void()> on_event;

  Names perform() {
    while (auto a = session.next(now)) std::visit(*this, *a);
    return std::exchange(told, {});
  }
  Names turn() {
    session.on_turn(now);
    return perform();
  }
  Names wait_for(milliseconds time) {
    now += time;
    session.on_time(now);
    return perform();
  }
  void load(events::Cursor cursor = {}) {
    session.on_started(now);
    session.on_connected(now);
    perform();
    session.on_loaded(std::move(cursor));
    perform();
    turn();
  }
};

TEST(Session, ConnectsLoadsAndBeginsWithOneDrained) {
  Table t;
  t.session.on_started(t.now);
  EXPECT_EQ(t.perform(), Names{"connect"});
  EXPECT_EQ(t.session.why_unhealthy(t.now), "not connected to Redis yet");
  t.session.on_connected(t.now);
  EXPECT_EQ(t.perform(), Names{"load"});
  EXPECT_EQ(t.session.why_unhealthy(t.now), "loading state");
  t.session.on_loaded({EventNumber{4}, "a4"});
  EXPECT_EQ(t.perform(), Names{"turn"}) << "the service goes on after loaded() first";
  EXPECT_EQ(t.turn(), (Names{"drained", "read 4"}));
  EXPECT_EQ(t.session.why_unhealthy(t.now), "");
}

TEST(Session, CallsOfOneTurnGoTogetherAndOneBatchIsInFlight) {
  Table t;
  t.load();
  std::string heard;
  t.session.commit(call("a"), [&](store::Reply) { heard += "a"; });
  EXPECT_EQ(t.perform(), Names{"turn"});
  t.session.commit(call("b"), [&](store::Reply) {
    heard += "b";
    t.session.commit(call("d"), {});
  });
  EXPECT_EQ(t.turn(), Names{"commit a b"});
  t.session.commit(call("c"), {});
  EXPECT_EQ(t.perform(), Names{});
  t.session.on_committed({said(), said()}, t.now);
  EXPECT_EQ(t.perform(), Names{"commit c d"});
  EXPECT_EQ(heard, "ab");
}

TEST(Session, HearsOfItsOwnEventsWithTheAnswerAndOfOthersAfterIt) {
  Table t;
  t.load();
  t.session.commit(call("a"), {});
  t.session.commit(call("b"), {});
  t.perform();
  t.turn();
  t.session.on_events_read(std::vector{numbered_event(1), numbered_event(2), numbered_event(3)}, t.now);
  EXPECT_EQ(t.perform(), Names{}) << "held while the batch is in flight";
  t.session.on_committed({said({numbered_event(1)}), said({numbered_event(2)})}, t.now);
  EXPECT_EQ(t.perform(), (Names{"event 1", "event 2", "event 3", "drained", "read 3"}));
  EXPECT_EQ(t.wait_for(kPublishDelay), Names{"publish 2"});
}

TEST(Session, AReloadInTheMiddleDropsWhatWasStillToBeGiven) {
  Table t;
  t.load();
  int answers = 0;
  t.session.commit(call("a"), [&](store::Reply) { t.session.reload("refused", t.now); });
  t.session.commit(call("b"), [&](store::Reply) { ++answers; });
  t.perform();
  t.turn();
  const auto late = std::function<void()>(t.session.generation().guard([&] { ++answers; }));
  t.session.on_committed({said({numbered_event(1)}), said()}, t.now);
  EXPECT_EQ(t.perform(), Names{"unload"});
  late();
  EXPECT_EQ(answers, 0);
  EXPECT_EQ(t.wait_for(0ms), Names{"load"});
}

TEST(Session, TakesNoCallsWhileTheStateIsThrownAway) {
  Table t;
  t.load();
  t.on_event = [&] {
    t.session.reload("whatever", t.now);
    t.session.commit(call("of a state that is gone"), {});
    EXPECT_FALSE(t.session.takes_calls());
  };
  t.session.on_events_read(std::vector{numbered_event(1), numbered_event(2)}, t.now);
  EXPECT_EQ(t.perform(), (Names{"event 1", "unload"}));
  EXPECT_EQ(t.turn(), Names{});
}

TEST(Session, ReloadsThatFollowEachOtherWaitLonger) {
  Table t;
  t.load();
  milliseconds wait{0};
  for (const milliseconds expected : {0ms, 50ms, 100ms, 200ms}) {
    t.session.reload("again", t.now);
    t.perform();
    for (wait = 0ms; t.wait_for(0ms) != Names{"load"}; wait += 10ms) t.now += 10ms;
    EXPECT_EQ(wait, expected);
    t.session.on_loaded({});
    t.perform();
  }
}

TEST(Session, ALostConnectionThrowsTheStateAwayAndIsTriedAgain) {
  Table t;
  t.load();
  t.session.commit(call("a"), {});
  t.session.on_lost("closed", t.now);
  t.session.on_lost("closed", t.now);  // the other connection says so, too
  EXPECT_EQ(t.perform(), (Names{"turn", "unload", "disconnect"}));
  EXPECT_EQ(t.session.why_unhealthy(t.now), "Redis: closed");
  EXPECT_EQ(t.turn(), Names{}) << "what waited is dropped";
  EXPECT_EQ(t.wait_for(49ms), Names{});
  EXPECT_EQ(t.wait_for(1ms), Names{"connect"});
  t.session.on_lost("refused", t.now);
  EXPECT_EQ(t.perform(), Names{"disconnect"});
  EXPECT_EQ(t.wait_for(99ms), Names{});
  EXPECT_EQ(t.wait_for(1ms), Names{"connect"});
}

TEST(Session, AConnectionThatDoesNotComeUpAndABatchWithoutAnswerAreLost) {
  Table t;
  t.session.on_started(t.now);
  t.perform();
  t.wait_for(9999ms);
  EXPECT_EQ(t.wait_for(1ms), Names{"disconnect"});
  Table u;
  u.load();
  u.session.commit(call("a"), {});
  u.turn();
  u.wait_for(6s);
  EXPECT_EQ(u.session.why_unhealthy(u.now), "Redis does not answer");
  u.wait_for(25s);
  EXPECT_EQ(u.session.why_unhealthy(u.now), "Redis: no answer for 30 s");
}

TEST(Session, TicksTheLeaseClockOfRolesOnceASecondUntilItStops) {
  Table t({EventSource::none});
  t.load();
  EXPECT_EQ(t.wait_for(1000ms), (Names{"turn", "tick"}));
  EXPECT_EQ(t.turn(), Names{"commit tick"});
  t.session.on_stop();
  EXPECT_EQ(t.wait_for(5s), Names{});
  Table none({EventSource::none, {}, LeaseClock::none});
  none.load();
  EXPECT_EQ(none.wait_for(1000ms), Names{"tick"});
}

TEST(Session, AnEventLogThatWentBackIsToldBeforeTheStateIsLoadedAgain) {
  Table t;
  t.load({EventNumber{4}, "a4"});
  t.session.on_events_read(std::vector{numbered_event(5), numbered_event(6, "b")}, t.now);
  EXPECT_EQ(t.perform(), (Names{"event 5", "broken", "unload"}));
  EXPECT_EQ(t.wait_for(0ms), Names{"load"});
}

TEST(Session, AnEventLogThatCannotBeReadIsAReasonToLoadAgain) {
  Table t;
  t.load();
  t.session.on_events_read(fail("NOPERM"), t.now);
  EXPECT_EQ(t.perform(), Names{"unload"});
}

}  // namespace
}  // namespace headrace::service
