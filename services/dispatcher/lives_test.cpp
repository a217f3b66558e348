// SPDX-License-Identifier: Apache-2.0
// Which life of a worker has its place, which hello is late, and when a worker is trusted with an offer.
#include <gtest/gtest.h>

#include "dispatcher/testing/test_dispatcher.hpp"

namespace headrace::dispatcher {
namespace {

constexpr auto kConfiguration = R"(
worker 'w' { slots = 2 }
builder 'a' { workers = 'w', max_builds_per_worker = 2, steps = step.compile {} }
)";

TEST(DispatcherLives, OfAWorkerThatAnotherProcessReplacesTheFirstIsSentAway) {
  TestDispatcher d(kConfiguration);
  d.connect("w", 3);
  d.event("worker.connected.w", {{"session", 4}, {"taken_over", 1}});
  EXPECT_TRUE(d.message<wire::Rehello>("w@3").superseded);
}

wire::Hello numbered(std::int64_t number, std::vector<wire::Claim> held = {}) {
  auto hello = TestDispatcher::hello("instance-a", std::move(held));
  hello.number = number;
  return hello;
}

// What the network held back does not take the worker from where it is.
TEST(DispatcherLives, AHelloBeforeTheLastOneIsLate) {
  TestDispatcher d(kConfiguration);
  d.say("w@1", "w", numbered(3));
  const auto call = d.commit<store::WorkerHello>();
  EXPECT_EQ(call->number, 3);
  call.ok(session(1));
  EXPECT_EQ(d.message<wire::Welcome>("w@1").hello, 3);
  d.speak_first("w", 1, 2);
  d.say("p0", "w", numbered(2));
  d.say("w@1", "w", numbered(3));
  EXPECT_TRUE(d.quiet());
  d.say("w@1", "w", wire::Ready{SessionId{1}, 2});
  EXPECT_TRUE(d.quiet()) << "it is still here";
}

TEST(DispatcherLives, ALateHelloOfAWorkerThatIsElsewhereGetsNoAnswer) {
  TestDispatcher d(kConfiguration);
  d.say("p1", "w", numbered(2));
  d.commit<store::WorkerHello>().refuse(store::Refused::late, "late: hello 5 of this life came before");
  EXPECT_TRUE(d.quiet());
  EXPECT_EQ(d.core.worker_count(), 0u);
}

TEST(DispatcherLives, ASecondProcessWaitsWhileTheFirstIsAsked) {
  TestDispatcher d(kConfiguration);
  d.connect("w", 1);
  d.say("p2", "w", TestDispatcher::hello("another"));
  d.commit<store::WorkerHello>().ok(session(0));
  EXPECT_TRUE(d.quiet()) << "it says hello again by itself";
  d.event("worker.challenged.w", {{"session", 1}, {"challenge", 77}});
  EXPECT_EQ(d.message<wire::Probe>("w@1").number, 77);
  d.say("w@1", "w", wire::Heartbeat{SessionId{1}, 2, {}, 9, 77});
  const auto answer = d.commit<store::WorkerAnswers>();
  EXPECT_EQ(answer->session.value, 1);
  EXPECT_EQ(answer->challenge, 77);
  d.commit<store::WorkerRenew>();
  d.say("p2", "w", TestDispatcher::hello("another"));
  d.commit<store::WorkerHello>().refuse(store::Refused::held, "held: another process is at work");
  const auto away = d.message<wire::Rehello>("p2");
  EXPECT_TRUE(away.superseded);
  EXPECT_FALSE(away.session);
  EXPECT_EQ(d.core.worker_count(), 1u);
}

TEST(DispatcherLives, AChallengeOfAnotherSessionIsNotPassedOn) {
  TestDispatcher d(kConfiguration);
  d.connect("w", 2);
  d.event("worker.challenged.w", {{"session", 1}, {"challenge", 77}});
  d.event("worker.challenged.v", {{"session", 2}, {"challenge", 77}});
  EXPECT_TRUE(d.quiet());
}

// A hello alone may be late: what it does not name is given away when the worker has spoken.
TEST(DispatcherLives, OrphansWaitUntilTheWorkerHasSpoken) {
  TestDispatcher d(kConfiguration);
  d.stored(7, store::RequestState::offered);
  d.say("w@1", "w", TestDispatcher::hello("instance-a"));
  d.commit<store::WorkerHello>().ok(json::Array{1, json::Array{}, json::Array{7}, ""});
  d.message<wire::Welcome>("w@1");
  d.tick();
  d.commit<store::Tick>();
  EXPECT_TRUE(d.quiet());
  d.speak_first("w", 1, 2);
  d.commit<store::Release>();
}

TEST(DispatcherLives, AWorkerThatHasNotSpokenGetsNoOffer) {
  TestDispatcher d(kConfiguration);
  d.say("w@1", "w", TestDispatcher::hello("instance-a"));
  d.commit<store::WorkerHello>().ok(session(1));
  d.message<wire::Welcome>("w@1");
  d.request(1, {"a"});
  EXPECT_TRUE(d.quiet());
  d.say("w@1", "w", wire::Ready{SessionId{1}, 2});
  d.commit<store::WorkerRenew>();
  d.commit<store::Offer>();
}

TEST(DispatcherLives, AWorkerThatLetAnOfferExpireGetsNoneUntilItIsHeard) {
  TestDispatcher d(
      "worker 'v' {} worker 'w' {} builder 'a' { workers = { 'v', 'w' }, steps = step.compile {} }");
  d.connect("v", 1);
  d.connect("w", 2);
  d.request(1, {"a"});
  const auto claim = d.offered(1, "v@1").claim;
  d.stored(1, store::RequestState::offered);
  d.store.claims[RequestId{1}].request.nonce = claim.nonce;
  d.tick();
  d.commit<store::Tick>().ok(json::Array{1000, 9, "tag", json::Array{"1"}, json::Array{}, 5000});
  d.commit<store::Release>().refuse(store::Refused::early, "early: the session of the offer is current");
  d.commit<store::Release>().ok();
  d.event("request.pending", {{"request", 1}});
  EXPECT_EQ(workers_of(d.commit<store::Offer>()), Texts{"w"});
  d.request(2, {"a"});
  EXPECT_TRUE(d.quiet());
  d.say("v@1", "v", wire::Ready{SessionId{1}, 1});
  EXPECT_EQ(workers_of(d.commit<store::Offer>()), Texts{"v"});
}

TEST(DispatcherLives, AWorkerWhoseHeartbeatIsLateGetsNoOffer) {
  TestDispatcher d(kConfiguration);
  d.connect("w", 1);
  d.time += 8s;
  d.tick();
  d.commit<store::Tick>();
  d.request(1, {"a"});
  EXPECT_TRUE(d.quiet());
  d.say("w@1", "w", wire::Heartbeat{SessionId{1}, 2, {}, 1});
  d.commit<store::WorkerRenew>();
  d.commit<store::Offer>();
}

TEST(DispatcherLives, AHeartbeatIsAnsweredWhenTheLeaseIsRenewed) {
  TestDispatcher d(kConfiguration);
  d.connect("w", 1);
  d.say("w@1", "w", wire::Heartbeat{SessionId{1}, 2, {}, 4});
  const auto renewal = d.commit<store::WorkerRenew>();
  EXPECT_TRUE(d.quiet()) << "who does not reach the store is silent";
  renewal.ok(json::Array{1});
  EXPECT_EQ(d.message<wire::HeartbeatReply>("w@1").number, 4);
}

}  // namespace
}  // namespace headrace::dispatcher
