// SPDX-License-Identifier: Apache-2.0
// Offers that fail, and when a build begins.
#include <gtest/gtest.h>

#include "dispatcher/testing/test_dispatcher.hpp"

namespace headrace::dispatcher {
namespace {

const std::string kTwo = R"(
worker 'w1' { slots = 2 }
worker 'w2' { slots = 3 }
builder 'a' { workers = { 'w1', 'w2' }, max_builds_per_worker = 9, steps = step.compile {} }
builder 'b' { workers = 'w1', steps = step.compile {} }
)";
const std::string kOne = R"(
worker 'w' { slots = 2 }
builder 'a' { workers = 'w', max_builds_per_worker = 2, steps = step.compile {} }
builder 'b' { workers = 'w', steps = step.compile {} }
)";

TEST(DispatcherCore, AnOfferThatTheStoreRefusesIsTriedAgainALittleLater) {
  TestDispatcher d(kOne);
  d.connect("w", 1);
  d.request(1, {"a"});
  EXPECT_EQ(d.core.pending_count(), 0u);
  d.stored(1, store::RequestState::pending);
  d.commit<store::Offer>().refuse(store::Refused::none, "none: no pair holds");
  EXPECT_EQ(d.core.pending_count(), 1u);
  d.match();
  EXPECT_TRUE(d.quiet()) << "not at once: another dispatcher's event is on its way";
  ASSERT_TRUE(d.core.next_match());
  d.time = *d.core.next_match();
  d.match(true);
  EXPECT_EQ(d.commit<store::Offer>()->nonce, "nonce2") << "every offer has a nonce of its own";
}

// The event of the request may have come already.
TEST(DispatcherCore, ARequestThatRunsElsewhereIsNotOfferedUntilItEnds) {
  TestDispatcher d(kOne);
  d.connect("w", 1);
  d.request(1, {"a"});
  d.stored(1, store::RequestState::running);
  d.commit<store::Offer>().refuse(store::Refused::none, "none: no pair holds");
  EXPECT_EQ(d.core.pending_count(), 0u);
  EXPECT_FALSE(d.core.next_match());
  d.time += 1s;
  d.match(true);
  EXPECT_TRUE(d.quiet());
}

TEST(DispatcherCore, AnOfferIsPlannedWithTheConfigurationItWasMadeWith) {
  TestDispatcher d(kOne);
  d.connect("w", 1);
  d.request(1, {"a"});
  const auto offer = d.commit<store::Offer>();
  d.configure(config::evaluated(kOne), 8);
  offer.ok(json::Array{1, "a"});
  const auto claim = d.message<wire::Offer>("w@1").claim;
  d.say("w@1", "w", wire::Accept{SessionId{1}, claim});
  const auto build = d.commit<store::Accept>()->build;
  EXPECT_EQ(build.config.value, TestDispatcher::kVersion);
}

TEST(DispatcherCore, APlanThatNoWorkerTakesEnds) {
  TestDispatcher d("worker 'w' { slots = 1 } builder 'a' { workers = 'w', steps = step.compile {} }");
  d.connect("w", 1);
  d.request(1, {"a"});
  std::vector<MonoTime::duration> waits;
  for (int refused = 1; refused <= TestDispatcher::kMaxAttempts; ++refused) {
    const auto claim = d.offered(1, "w@1").claim;
    d.say("w@1", "w", wire::Refuse{SessionId{1}, claim, "the plan cannot be read"});
    if (refused == TestDispatcher::kMaxAttempts) break;
    d.commit<store::Release>().ok();
    d.event("request.pending", {{"request", 1}});
    const auto before = d.time;
    while (d.quiet()) d.time += 100ms, d.match(true);
    waits.push_back(d.time - before);
  }
  EXPECT_EQ(waits, (std::vector<MonoTime::duration>{1s, 2s})) << "less and less often";
  d.commit<store::Accept>().ok(json::Array{50, 1, 900, 1});
  const auto end = end_of(d.commit<store::Progress>());
  EXPECT_EQ(end.results, Results::exception);
  EXPECT_EQ(end.state_string, "refused by workers: the plan cannot be read");
}

TEST(DispatcherCore, ARefusedOfferFreesWhatItHadReserved) {
  TestDispatcher d("worker 'w' { slots = 1 } builder 'a' { workers = 'w', steps = step.compile {} }");
  d.connect("w", 1);
  d.request(1, {"a", "a"});
  d.stored(1, store::RequestState::pending);
  d.commit<store::Offer>().refuse(store::Refused::none, "none: no pair holds");
  EXPECT_EQ(request_of(d.commit<store::Offer>()), 2) << "1 is put aside, the slot is free";
}

TEST(DispatcherCore, TheStoreMayGiveItToTheSecondChoice) {
  TestDispatcher d(kTwo);
  d.connect("w1", 1);
  d.connect("w2", 2);
  d.request(1, {"a"});
  d.offered(1, "w1@1", 2);
  d.request(2, {"a"});
  EXPECT_EQ(workers_of(d.commit<store::Offer>()), (Texts{"w2", "w1"})) << "3 free against 1: w2 has nothing";
}

TEST(DispatcherCore, AnOfferThatItsWorkerRefusesGoesBackToItsPlace) {
  TestDispatcher d("worker 'w' { slots = 1 } builder 'a' { workers = 'w', steps = step.compile {} }");
  d.connect("w", 1);
  d.request(1, {"a", "a"});
  const auto claim = d.offered(1, "w@1").claim;
  d.say("w@1", "w", wire::Refuse{SessionId{1}, claim, "disk full"});
  const auto release = d.commit<store::Release>();
  EXPECT_EQ(release->claim, claim);
  EXPECT_EQ(release->why, store::Release::Why::refused);
  EXPECT_TRUE(d.quiet()) << "this worker is not asked again at once";
  release.ok();
  d.event("request.pending", {{"request", 1}});
  EXPECT_TRUE(d.quiet());
  EXPECT_EQ(d.core.pending_count(), 2u);
  d.time += 1s;
  d.match(true);
  EXPECT_EQ(request_of(d.commit<store::Offer>()), 1) << "before 2";
}

TEST(DispatcherCore, ABuildThatCannotBePlannedEndsWithoutTroublingTheWorker) {
  TestDispatcher d(
      "worker 'w' {} builder 'a' { workers = 'w', steps = step.compile {},\n"
      "properties = { bad = function(build) error('no way') end } }");
  d.connect("w", 1);
  d.request(1, {"a"});
  d.commit<store::Offer>().ok(json::Array{1, "a"});
  EXPECT_TRUE(d.sent.empty());
  d.commit<store::Accept>().ok(json::Array{50, 1, 900, 1});
  const auto progress = d.commit<store::Progress>();
  EXPECT_EQ(progress->claim, (wire::Claim{RequestId{1}, "nonce1"}));
  EXPECT_EQ(progress->sequence, 1);
  const auto build = end_of(progress);
  EXPECT_EQ(build.results, Results::exception);
  EXPECT_EQ(build.state_string, "property bad of builder a: headrace.lua:2: no way");
  progress.ok();
  EXPECT_EQ(d.core.running_count(), 0u);
  EXPECT_TRUE(d.quiet());
}

TEST(DispatcherCore, AnAcceptIsCommittedOnceAndRepeatsAreAnsweredTheSame) {
  TestDispatcher d(kOne);
  d.connect("w", 1);
  d.request(1, {"a"});
  const auto claim = d.offered(1, "w@1").claim;
  const wire::Accept accept{SessionId{1}, claim};
  d.say("w@1", "w", accept);
  const auto call = d.commit<store::Accept>();
  EXPECT_EQ(call->claim, claim);
  EXPECT_EQ(call->worker, "w");
  EXPECT_EQ(call->session.value, 1);
  d.say("w@1", "w", accept);
  EXPECT_TRUE(d.quiet()) << "it is on its way, and nothing may start before it is committed";
  call.ok(json::Array{50, 3, 900, 2});
  d.say("w@1", "w", accept);
  for (int i = 0; i < 2; ++i) {
    const auto accepted = d.message<wire::Accepted>("w@1");
    EXPECT_EQ(accepted.claim, claim);
    EXPECT_EQ(accepted.build.value, 50);
    EXPECT_EQ(accepted.number, 3);
    EXPECT_EQ(accepted.started_ms, 900);
  }
  EXPECT_TRUE(d.quiet());
}

TEST(DispatcherCore, TheBuildBeginsWithWhatItsOfferSaid) {
  TestDispatcher d(kOne);
  d.connect("w", 1);
  d.request(1, {"a"});
  const auto claim = d.offered(1, "w@1").claim;
  d.say("w@1", "w", wire::Accept{SessionId{1}, claim});
  const auto build = d.commit<store::Accept>()->build;
  EXPECT_EQ(build.request.value, 1);
  EXPECT_EQ(build.buildset.value, 1);
  EXPECT_EQ(build.builder, "a");
  EXPECT_EQ(build.worker, "w");
  EXPECT_EQ(build.config.value, TestDispatcher::kVersion);
  EXPECT_EQ(build.properties.at("buildername").value, json::Value("a"));
  EXPECT_EQ(build.sourcestamps.at(0).branch, "main");
}

TEST(DispatcherCore, AnAcceptThatTheStoreRefusesIsFenced) {
  TestDispatcher d(kOne);
  d.connect("w", 1);
  d.request(1, {"a"});
  const auto claim = d.offered(1, "w@1").claim;
  d.say("w@1", "w", wire::Accept{SessionId{1}, claim});
  d.commit<store::Accept>().refuse(store::Refused::fenced, "fenced: the offer of request 1 is no more");
  const auto fenced = d.message<wire::Fenced>("w@1");
  EXPECT_EQ(fenced.claim, claim);
  EXPECT_EQ(fenced.reason, "fenced: the offer of request 1 is no more");
  EXPECT_EQ(d.core.running_count(), 0u);
}

TEST(DispatcherCore, OnlyTheOfferThatStandsCanBeAccepted) {
  TestDispatcher d(kOne);
  d.connect("w", 1);
  d.request(1, {"a"});
  d.offered(1, "w@1");
  const wire::Claim old{RequestId{1}, "nonce0"}, unknown{RequestId{2}, "nonce1"};
  for (const auto& claim : {old, unknown}) {
    d.say("w@1", "w", wire::Accept{SessionId{1}, claim});
    EXPECT_EQ(d.message<wire::Fenced>("w@1").claim, claim);
  }
  EXPECT_TRUE(d.quiet());
}

TEST(DispatcherCore, AnOfferWhoseRequestIsCancelledIsFenced) {
  TestDispatcher d(kOne);
  d.connect("w", 1);
  d.request(1, {"a"});
  const auto claim = d.offered(1, "w@1").claim;
  d.event("request.complete", {{"request", 1}, {"results", 6}});
  EXPECT_EQ(d.message<wire::Fenced>("w@1").claim, claim);
  EXPECT_EQ(d.core.running_count(), 0u);
  d.say("w@1", "w", wire::Accept{SessionId{1}, claim});
  d.message<wire::Fenced>("w@1");
  EXPECT_TRUE(d.quiet()) << "no accept reaches the store";
}

TEST(DispatcherCore, ADelayThatIsOverWakesNobodyAgain) {
  TestDispatcher d("worker 'w' {} builder 'a' { workers = 'w', steps = step.compile {} }");
  d.connect("w", 1);
  d.request(1, {"a"});
  const auto offer = d.commit<store::Offer>();
  d.say("w@1", "w", wire::Goodbye{SessionId{1}, "stopped"});
  d.commit<store::WorkerGone>().ok();
  d.stored(1, store::RequestState::pending);
  offer.refuse(store::Refused::none, "none: no pair holds");
  d.time += 1s;
  d.match(true);
  const auto next = d.core.next_match();
  EXPECT_TRUE(!next || *next > d.time) << "the service's timer fires at once, for ever: one core is busy";
}

}  // namespace
}  // namespace headrace::dispatcher
