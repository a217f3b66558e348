// SPDX-License-Identifier: Apache-2.0
// Workers that come, come again, come elsewhere, fall silent and go.
#include <gtest/gtest.h>

#include "dispatcher/testing/test_dispatcher.hpp"

namespace headrace::dispatcher {
namespace {

constexpr auto kConfiguration = R"(
worker 'w' { slots = 2 }
builder 'a' { workers = 'w', max_builds_per_worker = 2, steps = step.compile {} }
)";

using Sessions = std::vector<std::pair<std::string, SessionId>>;

// Worker w has ended its session 1.
void expect_goodbye(const TestCall<store::WorkerGone>& gone) {
  EXPECT_EQ(gone->worker, "w");
  EXPECT_EQ(gone->session.value, 1);
  EXPECT_EQ(gone->why, store::WorkerGone::Why::goodbye);
}

TEST(DispatcherLinks, AHelloIsWelcomedWithWhatTheWorkerHasToKnow) {
  TestDispatcher d(kConfiguration);
  auto hello = TestDispatcher::hello("instance-a");
  hello.info.name = "somebody else";
  d.say("p1", "w", hello);
  const auto call = d.commit<store::WorkerHello>();
  EXPECT_EQ(call->worker, "w");
  EXPECT_EQ(call->instance, "instance-a");
  EXPECT_EQ(call->dispatcher, "0123456789abcdef");
  EXPECT_EQ(call->lease, 30s);
  EXPECT_EQ(call->info.name, "w") << "the key says who it is";
  EXPECT_TRUE(d.quiet());
  call.ok(session(4));
  const auto welcome = d.message<wire::Welcome>("p1");
  EXPECT_EQ(welcome.instance, "instance-a");
  EXPECT_EQ(welcome.session.value, 4);
  EXPECT_EQ(welcome.name, "w");
  EXPECT_EQ(welcome.lease_ms, 30'000);
  EXPECT_EQ(welcome.heartbeat_ms, 5'000);
  EXPECT_EQ(welcome.slots, 2);
}

TEST(DispatcherLinks, AWorkerThatIsNotConfiguredIsWelcomeAndGetsNothing) {
  TestDispatcher d(kConfiguration);
  EXPECT_EQ(d.connect("stranger", 1).slots, 0);
  d.request(1, {"a"});
  EXPECT_TRUE(d.quiet());
}

TEST(DispatcherLinks, AnotherProtocolIsSentAway) {
  TestDispatcher d(kConfiguration);
  auto hello = TestDispatcher::hello("instance-a");
  hello.protocol = 99;
  d.say("p1", "w", hello);
  const auto rehello = d.message<wire::Rehello>("p1");
  EXPECT_TRUE(rehello.superseded) << "coming back at once would not help";
  EXPECT_NE(rehello.reason.find("99"), std::string::npos) << rehello.reason;
  EXPECT_TRUE(d.quiet());
  EXPECT_EQ(d.core.worker_count(), 0u);
}

TEST(DispatcherLinks, OnlyTheSessionOfThisConnectionIsListenedTo) {
  TestDispatcher d(kConfiguration);
  d.connect("w", 1);
  d.say("w@1", "w", wire::Ready{SessionId{9}, 2});
  EXPECT_EQ(d.message<wire::Rehello>("w@1").session.value, 9);
  d.say("elsewhere", "w", wire::Ready{SessionId{1}, 2});
  EXPECT_EQ(d.message<wire::Rehello>("elsewhere").session.value, 1);
  d.say("w@1", "other", wire::Ready{SessionId{1}, 2});
  EXPECT_EQ(d.message<wire::Rehello>("w@1").session.value, 1);
  d.say("w@1", "w", wire::Ready{SessionId{1}, 2});
  EXPECT_TRUE(d.quiet());
}

TEST(DispatcherLinks, WhatCannotBeReadIsIgnored) {
  TestDispatcher d(kConfiguration);
  d.connect("w", 1);
  d.hear("w@1", "w", "ready", "\xc1");
  d.hear("w@1", "w", "nonsense", "");
  d.hear("w@1", "w", "hello", "");
  EXPECT_TRUE(d.quiet());
  EXPECT_EQ(d.core.worker_count(), 1u);
}

TEST(DispatcherLinks, ASecondHelloOfTheSameProcessReplacesTheFirst) {
  TestDispatcher d(kConfiguration);
  d.say("p1", "w", TestDispatcher::hello("instance-a"));
  d.say("p2", "w", TestDispatcher::hello("instance-a"));
  const auto first = d.commit<store::WorkerHello>(), second = d.commit<store::WorkerHello>();
  first.ok(session(1));
  EXPECT_TRUE(d.quiet()) << "nobody is at p1 any more";
  second.ok(session(2));
  EXPECT_EQ(d.message<wire::Welcome>("p2").session.value, 2);
  EXPECT_EQ(d.core.worker_count(), 1u);
}

// The worker repeats its hello when Redis is slow, or when ten thousand workers come back at once.
TEST(DispatcherLinks, ARepeatedHelloDoesNotBeginTheAdoptionAnew) {
  TestDispatcher d(kConfiguration);
  d.store.silent = true;
  const auto hello = TestDispatcher::hello("instance-a", {{RequestId{1}, "n1"}});
  d.say("p1", "w", hello);
  d.commit<store::WorkerHello>().ok(
      json::Array{1, json::Array{json::Array{"running", 50, 6, 4, ""}}, json::Array{}, ""});
  d.say("p1", "w", hello);
  EXPECT_TRUE(d.quiet()) << "its answer is on its way";
  d.speak();
  EXPECT_EQ(d.message<wire::Welcome>("p1").session.value, 1);
  EXPECT_TRUE(d.quiet());
}

TEST(DispatcherLinks, AnotherHelloIsAnsweredAfterTheFirst) {
  TestDispatcher d(kConfiguration);
  d.say("p1", "w", TestDispatcher::hello("instance-a", {{RequestId{1}, "n1"}}));
  d.say("p1", "w", TestDispatcher::hello("instance-a", {}));
  const auto first = d.commit<store::WorkerHello>();
  EXPECT_TRUE(d.quiet());
  first.ok(json::Array{1, json::Array{json::Array{"fenced", 0, 0, 0, ""}}, json::Array{}, ""});
  EXPECT_EQ(d.message<wire::Welcome>("p1").held.size(), 1u);
  d.commit<store::WorkerHello>().ok(session(2));
  EXPECT_TRUE(d.message<wire::Welcome>("p1").held.empty());
}

TEST(DispatcherLinks, AnotherProcessWithTheSameKeyTakesOverWhenTheStoreSaysSo) {
  TestDispatcher d(kConfiguration);
  d.connect("w", 1);
  d.say("p2", "w", TestDispatcher::hello("another"));
  const auto hello = d.commit<store::WorkerHello>();
  EXPECT_TRUE(d.quiet()) << "the first one is not sent away yet";
  hello.ok(session(2));
  const auto rehello = d.message<wire::Rehello>("w@1");
  EXPECT_TRUE(rehello.superseded);
  EXPECT_EQ(rehello.session.value, 1);
  d.message<wire::Welcome>("p2");
  d.say("w@1", "w", wire::Ready{SessionId{1}, 2});
  d.message<wire::Rehello>("w@1");
}

TEST(DispatcherLinks, ARefusedHelloIsForgotten) {
  TestDispatcher d(kConfiguration);
  d.say("p1", "w", TestDispatcher::hello("bad"));
  d.commit<store::WorkerHello>().refuse(store::Refused::bad, "bad: an instance");
  EXPECT_TRUE(d.quiet());
  EXPECT_EQ(d.core.worker_count(), 0u);
}

TEST(DispatcherLinks, AWorkerThatConnectsElsewhereIsDropped) {
  TestDispatcher d(kConfiguration);
  d.connect("w", 3);
  d.event("worker.connected.w", {{"session", 3}});
  EXPECT_TRUE(d.quiet()) << "that is the one we know";
  d.event("worker.connected.w", {{"session", 2}});
  EXPECT_TRUE(d.quiet()) << "nor an older one";
  d.event("worker.connected.w", {{"session", 4}});
  const auto rehello = d.message<wire::Rehello>("w@3");
  EXPECT_FALSE(rehello.superseded) << "it is the same process";
  EXPECT_EQ(rehello.session.value, 3);
  EXPECT_EQ(d.core.worker_count(), 0u);
  d.request(1, {"a"});
  EXPECT_TRUE(d.quiet()) << "it gets nothing from here any more";
}

TEST(DispatcherLinks, ItsBuildsAreNoLongerOursThen) {
  TestDispatcher d(kConfiguration);
  d.connect("w", 1);
  d.request(1, {"a"});
  d.running(1, 50, "w", 1);
  d.event("worker.connected.w", {{"session", 2}});
  d.message<wire::Rehello>("w@1");
  EXPECT_EQ(d.core.running_count(), 0u);
  EXPECT_TRUE(d.quiet()) << "they are the next dispatcher's, not lost";
}

TEST(DispatcherLinks, ANameWithADotIsOneWorker) {
  TestDispatcher d("worker 'w.1' {} worker 'w' {} builder 'a' { workers = 'w', steps = step.compile {} }");
  d.connect("w.1", 1);
  d.connect("w", 2);
  d.event("worker.connected.w.1", {{"session", 5}});
  EXPECT_EQ(d.message<wire::Rehello>("w.1@1").session.value, 1);
  EXPECT_EQ(d.core.worker_count(), 1u);
}

TEST(DispatcherLinks, LeasesOfWorkersThatWereHeardAreRenewed) {
  TestDispatcher d(kConfiguration);
  d.connect("w", 1);
  d.say("w@1", "w", wire::Ready{SessionId{1}, 1});
  d.tick();
  d.commit<store::Tick>();
  const auto renew = d.commit<store::WorkerRenew>();
  EXPECT_EQ(renew->lease, 30s);
  EXPECT_EQ(renew->sessions, (Sessions{{"w", SessionId{1}}}));
  d.time += 3s;
  d.tick();
  d.commit<store::Tick>();
  EXPECT_TRUE(d.quiet()) << "silent since: its lease runs out";
}

TEST(DispatcherLinks, LeasesOfThousandsAreRenewedInSeveralCalls) {
  TestDispatcher d(kConfiguration);
  for (int i = 0; i < 2500; ++i) {
    const auto name = "v" + std::to_string(10'000 + i);
    d.connect(name, 1 + i);
    d.say(TestDispatcher::peer_of(name, 1 + i), name, wire::Ready{SessionId{1 + i}, 0});
  }
  d.tick();
  d.commit<store::Tick>();
  std::set<std::string> renewed;
  for (const std::size_t count : {1000u, 1000u, 500u}) {
    const auto call = d.commit<store::WorkerRenew>();
    EXPECT_EQ(call->sessions.size(), count);
    for (const auto& [worker, session] : call->sessions) renewed.insert(worker);
  }
  EXPECT_EQ(renewed.size(), 2500u);
  EXPECT_TRUE(d.quiet());
}

TEST(DispatcherLinks, AWorkerWithOtherSlotsIsAskedToSayHelloAgain) {
  TestDispatcher d(kConfiguration);
  d.connect("v", 1);
  d.connect("w", 2);
  const auto text = std::string("worker 'v' {} ") + kConfiguration;
  d.configure(config::evaluated(text), 8);
  EXPECT_FALSE(d.message<wire::Rehello>("v@1").superseded) << "it had none";
  EXPECT_TRUE(d.quiet()) << "w has what it had";
  d.configure(config::evaluated("worker 'w' { slots = 3 }"), 9);
  EXPECT_EQ(d.message<wire::Rehello>("w@2").session.value, 2);
  EXPECT_TRUE(d.quiet());
}

TEST(DispatcherLinks, AWorkerWhoseSessionHasEndedIsAskedToSayHelloAgain) {
  TestDispatcher d(kConfiguration);
  d.connect("v", 1);
  d.connect("w", 2);
  d.say("v@1", "v", wire::Ready{SessionId{1}, 0});
  d.say("w@2", "w", wire::Ready{SessionId{2}, 2});
  d.tick();
  d.commit<store::Tick>();
  const auto renew = d.commit<store::WorkerRenew>();
  EXPECT_EQ(renew->sessions, (Sessions{{"v", SessionId{1}}, {"w", SessionId{2}}}));
  renew.ok(json::Array{1, 0});
  const auto rehello = d.message<wire::Rehello>("w@2");
  EXPECT_FALSE(rehello.superseded);
  EXPECT_TRUE(d.quiet());
  EXPECT_EQ(d.core.worker_count(), 1u);
}

TEST(DispatcherLinks, AGoodbyeEndsTheSession) {
  TestDispatcher d(kConfiguration);
  d.connect("w", 1);
  d.say("w@1", "w", wire::Goodbye{SessionId{1}, "stopped"});
  expect_goodbye(d.commit<store::WorkerGone>());
  EXPECT_EQ(d.core.worker_count(), 0u);
  d.request(1, {"a"});
  EXPECT_TRUE(d.quiet());
}

TEST(DispatcherLinks, AWorkerWhoseKeyIsNoLongerAllowedIsSentAway) {
  TestDispatcher d(kConfiguration);
  d.connect("w", 1);
  d.remove_key("nobody");
  EXPECT_TRUE(d.quiet());
  d.remove_key("w");
  EXPECT_TRUE(d.message<wire::Rehello>("w@1").superseded);
  expect_goodbye(d.commit<store::WorkerGone>());
  EXPECT_EQ(d.core.worker_count(), 0u);
}

TEST(DispatcherLinks, AnEarlierHellosEventDoesNotSendTheWorkerAway) {
  TestDispatcher d("worker 'w' {} builder 'a' { workers = 'w', steps = step.compile {} }");
  d.say("p1", "w", TestDispatcher::hello("instance-a"));
  d.say("p2", "w", TestDispatcher::hello("instance-a"));  // a new socket after silence
  const auto first = d.commit<store::WorkerHello>(), second = d.commit<store::WorkerHello>();
  first.ok(json::Array{1, json::Array{}, json::Array{}, ""});
  d.event("worker.connected.w", {{"session", 1}});  // the host feeds it between the two answers
  EXPECT_TRUE(d.quiet()) << "Rehello{0, superseded}: the worker drops its builds and stays away for 30 s";
  second.ok(json::Array{2, json::Array{}, json::Array{}, ""});
  EXPECT_EQ(d.core.worker_count(), 1u);
}

}  // namespace
}  // namespace headrace::dispatcher
