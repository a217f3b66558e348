// SPDX-License-Identifier: Apache-2.0
// Which worker is offered what, and when a build begins.
#include <gtest/gtest.h>

#include "dispatcher/test_dispatcher.hpp"

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

// ---- matching ----

TEST(DispatcherCore, TheIdlestWorkerIsAskedFirst) {
  TestDispatcher d(kTwo);
  d.connect("w1", 1);
  d.connect("w2", 2);
  d.request(1, {"a", "a", "a"});
  // Three calls at once: each counts the one before as taken.
  auto first = d.commit("offer"), second = d.commit("offer"), third = d.commit("offer");
  EXPECT_EQ(workers_of(first), (Texts{"w2", "w1"})) << "3 free against 2";
  EXPECT_EQ(workers_of(second), (Texts{"w1", "w2"})) << "2 each, so in the order of the builder";
  EXPECT_EQ(workers_of(third), (Texts{"w2", "w1"})) << "2 against 1";
  EXPECT_TRUE(d.quiet());
}

TEST(DispatcherCore, AnOfferSaysWhatTheStoreHasToCheck) {
  TestDispatcher d(kTwo);
  d.connect("w2", 5);
  d.request(3, {"a"});
  const auto call = d.commit("offer");
  EXPECT_EQ(call.args, (Texts{"7", "5000", "nonce1", "1", "3", "w2", "5", "3", "9"}));
  EXPECT_TRUE(d.effects.sent.empty()) << "the worker hears of it when it is committed";
  call.ok(json::Array{1, "a~2"});
  const auto offer = d.message<wire::Offer>("w2@5");
  EXPECT_EQ(offer.session.value, 5);
  EXPECT_EQ(offer.claim, (wire::Claim{RequestId{3}, "nonce1"}));
  EXPECT_EQ(offer.expires_ms, 5000);
  const auto plan = wire::decode<wire::BuildPlan>(offer.plan);
  ASSERT_TRUE(plan) << plan.error().text;
  EXPECT_EQ(plan->directory, "a~2");
  EXPECT_EQ(plan->properties.at("branch").value, json::Value("main"));
}

TEST(DispatcherCore, AWorkerGetsNoMoreThanItsSlots) {
  TestDispatcher d(
      "worker 'w' { slots = 2 } builder 'a' { workers = 'w', max_builds_per_worker = 9, steps = step.compile "
      "{} }");
  d.connect("w", 1);
  d.request(1, {"a", "a", "a"});
  d.offered(1, "w@1");
  d.offered(2, "w@1");
  EXPECT_TRUE(d.quiet());
  d.say("w@1", "w", wire::Ready{SessionId{1}, 1});
  EXPECT_TRUE(d.quiet()) << "by our count both slots are taken";
}

TEST(DispatcherCore, AWorkerThatSaysItIsFullIsLeftAlone) {
  TestDispatcher d(kOne);
  d.connect("w", 1);
  d.say("w@1", "w", wire::Ready{SessionId{1}, 0});
  d.request(1, {"a"});
  EXPECT_TRUE(d.quiet());
  d.say("w@1", "w", wire::Ready{SessionId{1}, 1});
  d.commit("offer");
  EXPECT_TRUE(d.quiet());
}

TEST(DispatcherCore, ABuilderGetsNoMoreThanItsBuildsPerWorker) {
  TestDispatcher d(
      "worker 'w' { slots = 9 } builder 'a' { workers = 'w', max_builds_per_worker = 2, steps = step.compile "
      "{} }\n"
      "builder 'b' { workers = 'w', steps = step.compile {} }");
  d.connect("w", 1);
  d.request(1, {"b", "b", "a", "a", "a"});
  for (const char* id : {"3", "4", "1"}) EXPECT_EQ(d.commit("offer").args.at(4), id);
  EXPECT_TRUE(d.quiet()) << "two of a and one of b, whatever is free";
}

TEST(DispatcherCore, AnEndedBuildMakesRoomForTheNext) {
  TestDispatcher d(kOne);
  d.connect("w", 1);
  d.request(1, {"b", "b"});
  const auto claim = d.running(1, 50, "w", 1);
  EXPECT_TRUE(d.quiet());
  wire::Report report{SessionId{1}, claim, BuildId{50}, 1, {}, {}};
  report.items.push_back({{}, {}, wire::ProgressItem::Finish{Results::success, "fine"}});
  d.say("w@1", "w", report);
  EXPECT_EQ(d.core.running_count(), 1u);
  d.commit("progress").ok();
  EXPECT_TRUE(d.message<wire::Reported>("w@1").finished);
  EXPECT_EQ(d.core.running_count(), 0u);
  d.event("build.finished.b", {{"request", 1}, {"results", 0}});
  EXPECT_EQ(d.commit("offer").args.at(4), "2");
}

TEST(DispatcherCore, HigherPrioritiesGoFirst) {
  TestDispatcher d(
      "worker 'w' { slots = 1 } builder 'a' { workers = 'w', steps = step.compile {} }\n"
      "builder 'b' { workers = 'w', steps = step.compile {} }");
  d.request(1, {"a"});
  d.request(2, {"b"}, 5);
  d.connect("w", 1);
  EXPECT_EQ(d.commit("offer").args.at(4), "2");
  EXPECT_TRUE(d.quiet());
}

TEST(DispatcherCore, ABuilderThatIsNotConfiguredWaits) {
  TestDispatcher d(kOne);
  d.connect("w", 1);
  d.request(1, {"gone"});
  EXPECT_TRUE(d.quiet());
  EXPECT_EQ(d.core.pending_count(), 1u);
  d.core.on_configuration(
      config::evaluated("worker 'w' { slots = 2 } builder 'gone' { workers = 'w', steps = step.compile {} }"),
      ConfigVersion{8});
  EXPECT_EQ(d.commit("offer").args.at(0), "8");
}

TEST(DispatcherCore, ARequestThatIsAlreadyKnownIsNotOfferedTwice) {
  LoadedRequest loaded;
  loaded.request = {RequestId{1}, "a", 0, 0, std::make_shared<wire::Buildset>()};
  loaded.state = "running";
  TestDispatcher d(kOne, {loaded});
  d.connect("w", 1);
  d.request(1, {"a"});  // the event of what was loaded
  EXPECT_TRUE(d.quiet());
}

TEST(DispatcherCore, ARequestThatIsBuiltElsewhereIsNotOffered) {
  TestDispatcher d(kOne);
  d.request(1, {"a", "b"});
  d.event("build.new.a", {{"request", 1}, {"buildid", 9}});
  d.event("request.complete", {{"request", 2}});
  d.connect("w", 1);
  EXPECT_TRUE(d.quiet());
  d.event("request.pending", {{"request", 1}});
  EXPECT_EQ(d.commit("offer").args.at(4), "1") << "it came back";
}

TEST(DispatcherCore, ABuildThatIsRetriedBringsItsRequestBackAndAnyOtherEndForgetsIt) {
  TestDispatcher d(kOne);
  d.request(1, {"a"});
  d.event("build.new.a", {{"request", 1}, {"buildid", 9}});
  d.event("build.finished.a", {{"request", 1}, {"results", 5}});
  d.event("request.pending", {{"request", 1}});
  EXPECT_EQ(d.core.pending_count(), 1u);
  d.event("build.new.a", {{"request", 1}, {"buildid", 10}});
  d.event("build.finished.a", {{"request", 1}, {"results", 4}});
  d.event("request.pending", {{"request", 1}});
  EXPECT_EQ(d.core.pending_count(), 0u);
}

// ---- offers that fail ----

TEST(DispatcherCore, AnOfferThatTheStoreRefusesIsTriedAgainALittleLater) {
  TestDispatcher d(kOne);
  d.connect("w", 1);
  d.request(1, {"a"});
  EXPECT_EQ(d.core.pending_count(), 0u);
  d.commit("offer").refuse("none: no pair holds");
  EXPECT_EQ(d.core.pending_count(), 1u);
  d.core.match();
  EXPECT_TRUE(d.quiet()) << "not at once: another dispatcher's event is on its way";
  ASSERT_TRUE(d.core.next_match());
  d.effects.time = *d.core.next_match();
  d.core.match_anew();
  d.core.match();
  EXPECT_EQ(d.commit("offer").args.at(2), "nonce2") << "every offer has a nonce of its own";
}

TEST(DispatcherCore, ARefusedOfferFreesWhatItHadReserved) {
  TestDispatcher d("worker 'w' { slots = 1 } builder 'a' { workers = 'w', steps = step.compile {} }");
  d.connect("w", 1);
  d.request(1, {"a", "a"});
  d.commit("offer").refuse("none: no pair holds");
  d.core.match();
  EXPECT_EQ(d.commit("offer").args.at(4), "2") << "1 is put aside, the slot is free";
}

TEST(DispatcherCore, TheStoreMayGiveItToTheSecondChoice) {
  TestDispatcher d(kTwo);
  d.connect("w1", 1);
  d.connect("w2", 2);
  d.request(1, {"a"});
  d.offered(1, "w1@1", 2);
  d.request(2, {"a"});
  EXPECT_EQ(workers_of(d.commit("offer")), (Texts{"w2", "w1"})) << "3 free against 1: w2 has nothing";
}

TEST(DispatcherCore, AnOfferThatItsWorkerRefusesGoesBackToItsPlace) {
  TestDispatcher d("worker 'w' { slots = 1 } builder 'a' { workers = 'w', steps = step.compile {} }");
  d.connect("w", 1);
  d.request(1, {"a", "a"});
  const auto claim = d.offered(1, "w@1").claim;
  d.say("w@1", "w", wire::Refuse{SessionId{1}, claim, "disk full"});
  const auto release = d.commit("release");
  EXPECT_EQ(release.args, (Texts{"1", "nonce1", "refused"}));
  EXPECT_TRUE(d.quiet()) << "this worker is not asked again at once";
  release.ok();
  d.event("request.pending", {{"request", 1}});
  EXPECT_TRUE(d.quiet());
  EXPECT_EQ(d.core.pending_count(), 2u);
  d.effects.time += 1s;
  d.core.match_anew();
  d.core.match();
  EXPECT_EQ(d.commit("offer").args.at(4), "1") << "before 2";
}

TEST(DispatcherCore, ABuildThatCannotBePlannedEndsWithoutTroublingTheWorker) {
  TestDispatcher d(
      "worker 'w' {} builder 'a' { workers = 'w', steps = step.compile {},\n"
      "properties = { bad = function(build) error('no way') end } }");
  d.connect("w", 1);
  d.request(1, {"a"});
  d.commit("offer").ok(json::Array{1, "a"});
  EXPECT_TRUE(d.effects.sent.empty());
  d.commit("accept").ok(json::Array{50, 1, 900, 1});
  const auto progress = d.commit("progress");
  EXPECT_EQ(Texts(progress.args.begin(), progress.args.begin() + 6),
            (Texts{"1", "nonce1", "1", "1", "finish", "4"}));
  const auto build = wire::decode<wire::Build>(progress.args.at(6));
  ASSERT_TRUE(build);
  EXPECT_EQ(build->results, Results::exception);
  EXPECT_EQ(build->state_string, "property bad of builder a: headrace.lua:2: no way");
  progress.ok();
  EXPECT_EQ(d.core.running_count(), 0u);
  EXPECT_TRUE(d.quiet());
}

// ---- accept ----

TEST(DispatcherCore, AnAcceptIsCommittedOnceAndRepeatsAreAnsweredTheSame) {
  TestDispatcher d(kOne);
  d.connect("w", 1);
  d.request(1, {"a"});
  const auto claim = d.offered(1, "w@1").claim;
  const wire::Accept accept{SessionId{1}, claim};
  d.say("w@1", "w", accept);
  const auto call = d.commit("accept");
  EXPECT_EQ(Texts(call.args.begin(), call.args.begin() + 4), (Texts{"1", "nonce1", "w", "1"}));
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
  const auto build = wire::decode<wire::Build>(d.commit("accept").args.at(4));
  ASSERT_TRUE(build);
  EXPECT_EQ(build->request.value, 1);
  EXPECT_EQ(build->buildset.value, 1);
  EXPECT_EQ(build->builder, "a");
  EXPECT_EQ(build->worker, "w");
  EXPECT_EQ(build->config.value, TestDispatcher::kVersion);
  EXPECT_EQ(build->properties.at("buildername").value, json::Value("a"));
  EXPECT_EQ(build->sourcestamps.at(0).branch, "main");
}

TEST(DispatcherCore, AnAcceptThatTheStoreRefusesIsFenced) {
  TestDispatcher d(kOne);
  d.connect("w", 1);
  d.request(1, {"a"});
  const auto claim = d.offered(1, "w@1").claim;
  d.say("w@1", "w", wire::Accept{SessionId{1}, claim});
  d.commit("accept").refuse("fenced: the offer of request 1 is no more");
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
  const auto offer = d.commit("offer");
  d.say("w@1", "w", wire::Goodbye{SessionId{1}, "stopped"});
  d.commit("worker_gone").ok();
  offer.refuse("none: no pair holds");
  d.effects.time += 1s;
  d.core.match_anew();
  d.core.match();
  const auto next = d.core.next_match();
  EXPECT_TRUE(!next || *next > d.effects.time)
      << "the service's timer fires at once, for ever: one core is busy";
}

}  // namespace
}  // namespace headrace::dispatcher
