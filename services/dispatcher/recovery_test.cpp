// SPDX-License-Identifier: Apache-2.0
// Claims that outlive the worker or the dispatcher that made them: they are released or adopted.
#include <gtest/gtest.h>

#include "dispatcher/testing/test_dispatcher.hpp"

namespace headrace::dispatcher {
namespace {

constexpr auto kConfiguration = R"(
worker 'w' { slots = 2 }
builder 'a' { workers = 'w', max_builds_per_worker = 2, steps = step.compile {} }
)";

// A dispatcher and, in its store, build 50 of request 1, which runs on worker w: step 0 has ended, step 1
// has written 10 bytes to its log.
class DispatcherOrphans : public testing::Test {
 protected:
  DispatcherOrphans() : d(kConfiguration) {
    wire::Build start;
    start.builder = "a";
    start.worker = "w";
    start.request = RequestId{1};
    start.properties["owner"] = {"ann", "Change"};
    wire::StepRecord done, runs;
    done.name = "git";
    done.results = Results::success;
    done.state_string = "update";
    runs.number = 1;
    runs.name = "make";
    runs.state_string = "making";
    runs.logs.resize(1);
    runs.logs[0].name = runs.logs[0].slug = "stdio";
    wire::Build later = start;
    later.properties["revision"] = {"abc", "git"};
    store::Claimed claimed;
    claimed.request.id = RequestId{1};
    claimed.request.state = store::RequestState::running;
    claimed.request.nonce = "n50";
    claimed.request.build = BuildId{50};
    claimed.request.builder = "a";
    claimed.request.buildset = BuildsetId{3};
    claimed.request.worker = "w";
    claimed.request.directory = "a";
    claimed.request.config = ConfigVersion{TestDispatcher::kVersion};
    claimed.request.attempts = 1;
    claimed.set = std::make_shared<const wire::Buildset>();
    claimed.running.emplace();
    claimed.running->sequence = 4;
    auto& build = claimed.running->build;
    build = later;
    build.id = BuildId{50};
    build.number = 6;
    build.attempt = 1;
    build.started_ms = 900;
    build.steps = {done, runs};
    claimed.logs[{1, 0}] = {10, 2, 77};
    d.store.claims[RequestId{1}] = claimed;
    d.store.slots["w"] = {RequestId{1}};
    d.store.workers["w"] = {"w", SessionId{1}, true, {}, 1};
  }
  store::Claimed& claimed() { return d.store.claims[RequestId{1}]; }
  store::Request& request() { return claimed().request; }

  // Lets the lease of w run out, and gives what the core does with the build.
  TestCall<store::BuildLost> lost() {
    d.tick();
    d.commit<store::Tick>().ok(json::Array{1000, 5, "t5", json::Array{}, json::Array{"w"}, 1});
    const auto gone = d.commit<store::WorkerGone>();
    EXPECT_EQ(gone->worker, "w");
    EXPECT_EQ(gone->session.value, 1);
    EXPECT_EQ(gone->why, store::WorkerGone::Why::expired);
    EXPECT_TRUE(d.quiet()) << "nothing is given away before the session has ended";
    gone.ok();
    return d.commit<store::BuildLost>();
  }
  static Results verdict(const TestCall<store::BuildLost>& call) { return call->build.results.value(); }

  TestDispatcher d;
};

TEST_F(DispatcherOrphans, ALostWorkersBuildIsRetried) {
  const auto call = lost();
  EXPECT_EQ(call->claim, (wire::Claim{RequestId{1}, "n50"}));
  EXPECT_EQ(call->max_attempts, TestDispatcher::kMaxAttempts);
  EXPECT_EQ(verdict(call), Results::retry);
  EXPECT_TRUE(d.moved.empty());
  call.ok();
  EXPECT_EQ(d.moved, std::vector<std::int64_t>{50});
  EXPECT_TRUE(d.quiet());
}

TEST_F(DispatcherOrphans, WhatItHadDoneIsKept) {
  const auto build = lost()->build;
  EXPECT_EQ(build.results, Results::retry);
  EXPECT_EQ(build.state_string, "worker lost, build is retried");
  EXPECT_EQ(build.complete_ms, 5000);
  EXPECT_EQ(build.properties.at("owner").value, json::Value("ann"));
  EXPECT_EQ(build.properties.at("revision").value, json::Value("abc")) << "as reported since its start";
  ASSERT_EQ(build.steps.size(), 2u);
  EXPECT_EQ(build.steps[0].results, Results::success);
  EXPECT_EQ(build.steps[0].state_string, "update") << "it had ended";
  EXPECT_EQ(build.steps[1].results, Results::retry);
  EXPECT_EQ(build.steps[1].state_string, "making (worker lost)");
  const auto& log = build.steps[1].logs.at(0);
  EXPECT_TRUE(log.complete);
  EXPECT_TRUE(log.incomplete);
  EXPECT_EQ(log.size_bytes, 10);
  EXPECT_EQ(log.lines, 2);
  EXPECT_EQ(log.crc, 77);
}

TEST_F(DispatcherOrphans, TheLastAttemptEndsWithException) {
  request().attempts = TestDispatcher::kMaxAttempts - 1;
  EXPECT_EQ(verdict(lost()), Results::retry) << "there is one more";
  request().attempts = TestDispatcher::kMaxAttempts;
  const auto call = lost();
  EXPECT_EQ(verdict(call), Results::exception);
  EXPECT_EQ(call->build.state_string, "worker lost too often");
}

TEST_F(DispatcherOrphans, ACancelThatTheWorkerDidNotLiveToSeeIsCancelled) {
  request().attempts = TestDispatcher::kMaxAttempts;
  request().cancel_reason = "by ann";
  EXPECT_EQ(verdict(lost()), Results::cancelled);
}

TEST_F(DispatcherOrphans, AVerdictThatIsOutOfDateIsMadeAnew) {
  const auto call = lost();
  request().cancel_reason = "by ann";
  call.refuse(store::Refused::stale, "stale: the verdict is 6, not 5");
  const auto again = d.commit<store::BuildLost>();
  EXPECT_EQ(verdict(again), Results::cancelled);
  again.refuse(store::Refused::fenced, "fenced: request 1 is not running under this nonce");
  EXPECT_TRUE(d.quiet()) << "somebody else was quicker";
  EXPECT_TRUE(d.moved.empty());
}

TEST_F(DispatcherOrphans, ALeaseThatHoldsAfterAllCostsNothing) {
  d.tick();
  d.commit<store::Tick>().ok(json::Array{1000, 5, "t5", json::Array{}, json::Array{"w"}, 1});
  d.commit<store::WorkerGone>().refuse(store::Refused::early, "early: the lease of w holds");
  EXPECT_TRUE(d.quiet());
}

TEST_F(DispatcherOrphans, AnOfferToALostWorkerIsReleased) {
  request().state = store::RequestState::offered;
  claimed().running.reset();
  d.tick();
  d.commit<store::Tick>().ok(json::Array{1000, 5, "t5", json::Array{}, json::Array{"w"}, 1});
  d.commit<store::WorkerGone>().ok();
  const auto release = d.commit<store::Release>();
  EXPECT_EQ(release->claim, (wire::Claim{RequestId{1}, "n50"}));
  EXPECT_EQ(release->why, store::Release::Why::orphan);
}

TEST_F(DispatcherOrphans, AnOfferThatNobodyAcceptsGoesBackWhenItExpires) {
  TestDispatcher e(kConfiguration);
  e.connect("w", 1);
  e.request(1, {"a", "a"});
  const auto claim = e.offered(1, "w@1").claim;
  e.commit<store::Offer>().ok(json::Array{1, "a~2"});
  e.message<wire::Offer>("w@1");
  auto& stored = e.store.claims[RequestId{1}].request;
  stored.id = RequestId{1};
  stored.state = store::RequestState::offered;
  stored.nonce = claim.nonce;
  e.tick();
  e.commit<store::Tick>().ok(json::Array{1000, 5, "t5", json::Array{"1"}, json::Array{}, 1});
  e.commit<store::Release>().refuse(store::Refused::early, "early: the session of the offer is current");
  const auto release = e.commit<store::Release>();
  EXPECT_EQ(release->claim, claim);
  EXPECT_EQ(release->why, store::Release::Why::expired);
  EXPECT_EQ(e.core.running_count(), 2u);
  release.ok();
  EXPECT_EQ(e.core.running_count(), 1u);
  e.event("request.pending", {{"request", 1}});
  EXPECT_TRUE(e.quiet()) << "the worker let it expire";
  e.say("w@1", "w", wire::Ready{SessionId{1}, 2});
  EXPECT_EQ(request_of(e.commit<store::Offer>()), 1);
}

TEST_F(DispatcherOrphans, WhatIsCompleteIsLeftAlone) {
  request().state = store::RequestState::complete;
  d.tick();
  d.commit<store::Tick>().ok(json::Array{1000, 5, "t5", json::Array{"1"}, json::Array{"w"}, 1});
  d.commit<store::WorkerGone>().ok();
  EXPECT_TRUE(d.quiet());
}

TEST_F(DispatcherOrphans, ANewDispatcherSettlesWhatItFindsAbandoned) {
  store::OpenRequests::One loaded{request(), std::make_shared<const wire::Buildset>(), false};
  EXPECT_TRUE(TestDispatcher(kConfiguration, {loaded}).quiet()) << "its worker's session is current";
  loaded.orphan = true;
  Core core({}, d.configuration, ConfigVersion{7}, {loaded}, d.now());
  const auto actions = core.take_actions();
  ASSERT_EQ(actions.size(), 1u);
  const auto& question = std::get<Ask>(actions[0]).question;
  EXPECT_EQ(std::get<ClaimOf>(question).request.value, 1) << "what becomes of it is the store's to say";
}

TEST_F(DispatcherOrphans, AWorkersOtherClaimsAreSettledAfterItsHello) {
  d.connect("w", 2, {}, {}, json::Array{1});
  EXPECT_EQ(verdict(d.commit<store::BuildLost>()), Results::retry) << "it has forgotten this build";
}

TEST_F(DispatcherOrphans, WhenAWorkerMovesOnItsSlotsAreLookedAtALittleLater) {
  d.event("worker.disconnected.w", {{"session", 1}});
  d.tick();
  d.commit<store::Tick>();
  EXPECT_TRUE(d.quiet()) << "whoever has ended the session comes first";
  d.time += 3s;
  d.tick();
  d.commit<store::Tick>();
  d.commit<store::BuildLost>();
  d.tick();
  d.commit<store::Tick>();
  EXPECT_TRUE(d.quiet()) << "once";
}

TEST_F(DispatcherOrphans, ABuildThatAWorkerHoldsIsAdoptedWhereItStands) {
  const wire::Claim claim{RequestId{1}, "n50"};
  const auto welcome = d.connect("w", 2, {claim}, json::Array{json::Array{"running", 50, 6, 4, ""}});
  ASSERT_EQ(welcome.held.size(), 1u);
  const auto& held = welcome.held[0];
  EXPECT_EQ(held.claim, claim);
  EXPECT_TRUE(held.keep);
  EXPECT_TRUE(held.running);
  EXPECT_EQ(held.build.value, 50);
  EXPECT_EQ(held.number, 6);
  EXPECT_EQ(held.acked, 4);
  EXPECT_FALSE(held.cancel);
  ASSERT_EQ(held.logs.size(), 1u);
  EXPECT_EQ(held.logs[0].step, 1);
  EXPECT_EQ(held.logs[0].size_bytes, 10);

  wire::Report report{SessionId{2}, claim, BuildId{50}, 5, {}, {}};
  report.items.push_back({{}, {}, wire::ProgressItem::Finish{Results::success, "fine"}});
  d.say("w@2", "w", report);
  const auto call = d.commit<store::Progress>();
  EXPECT_EQ(call->sequence, 5) << "goes on where the store stands";
  const auto build = end_of(call);
  EXPECT_EQ(build.steps.size(), 2u) << "with what was reported to another dispatcher";
  EXPECT_EQ(build.properties.at("revision").value, json::Value("abc"));
}

TEST_F(DispatcherOrphans, AnAdoptedOfferStartsWithAllItsProperties) {
  wire::Buildset set;
  set.sourcestamps.resize(1);
  set.sourcestamps[0].branch = "main";
  set.sourcestamps[0].revision = "abc";
  set.properties["owner"] = {"ann", "Change"};
  claimed().set = std::make_shared<const wire::Buildset>(set);
  request().state = store::RequestState::offered;
  claimed().running.reset();
  const wire::Claim claim{RequestId{1}, "n50"};
  d.connect("w", 2, {claim}, json::Array{json::Array{"offered", 0, 0, 0, ""}});
  d.say("w@2", "w", wire::Accept{SessionId{2}, claim});
  const auto start = d.commit<store::Accept>()->build;
  const auto value = [&](const char* name) {
    const auto found = start.properties.find(name);
    return found == start.properties.end() ? json::Value() : found->second.value;
  };
  EXPECT_EQ(value("revision"), json::Value("abc"));
  EXPECT_EQ(value("branch"), json::Value("main"));
  EXPECT_EQ(value("buildername"), json::Value("a"));
  EXPECT_EQ(value("workername"), json::Value("w"));
  EXPECT_EQ(value("owner"), json::Value("ann"));
}

TEST_F(DispatcherOrphans, AnAdoptedBuildTakesItsSlot) {
  d.connect("w", 2, {{RequestId{1}, "n50"}}, json::Array{json::Array{"running", 50, 6, 4, ""}});
  d.request(10, {"a", "a"});
  EXPECT_EQ(request_of(d.commit<store::Offer>()), 10);
  EXPECT_TRUE(d.quiet()) << "one of two slots was free";
}

TEST_F(DispatcherOrphans, ACancelSurvivesTheDispatcherThatHeardOfIt) {
  request().cancel_reason = "by ann";
  const auto welcome =
      d.connect("w", 2, {{RequestId{1}, "n50"}}, json::Array{json::Array{"running", 50, 6, 4, "x"}});
  ASSERT_EQ(welcome.held.size(), 1u);
  EXPECT_TRUE(welcome.held[0].cancel);
  EXPECT_EQ(welcome.held[0].reason, "by ann");
}

// Somebody may press stop just when a dispatcher restarts.
TEST_F(DispatcherOrphans, ACancelThatComesDuringAnAdoptionIsNotLost) {
  d.store.silent = true;
  d.say("w@2", "w", TestDispatcher::hello("instance2", {{RequestId{1}, "n50"}}));
  d.commit<store::WorkerHello>().ok(
      json::Array{2, json::Array{json::Array{"running", 50, 6, 4, ""}}, json::Array{}, ""});
  d.event("request.cancel", {{"request", 1}, {"buildid", 50}},
          wire::encode_value(json::Object{{"reason", "by ann"}}));
  d.speak();
  const auto welcome = d.message<wire::Welcome>("w@2");
  ASSERT_EQ(welcome.held.size(), 1u);
  EXPECT_TRUE(welcome.held[0].cancel);
  EXPECT_EQ(welcome.held[0].reason, "by ann");
}

TEST_F(DispatcherOrphans, AClaimThatIsNoLongerTheWorkersIsNotKept) {
  const wire::Claim fenced{RequestId{1}, "n49"}, stolen{RequestId{1}, "n48"};
  const auto welcome =
      d.connect("w", 2, {fenced, stolen},
                json::Array{json::Array{"fenced", 0, 0, 0, ""}, json::Array{"running", 50, 6, 4, ""}});
  ASSERT_EQ(welcome.held.size(), 2u);
  EXPECT_EQ(welcome.held[0].claim, fenced);
  EXPECT_FALSE(welcome.held[0].keep);
  EXPECT_FALSE(welcome.held[1].keep) << "given to somebody else between the hello and the look";
  EXPECT_EQ(d.core.running_count(), 0u);
}

TEST_F(DispatcherOrphans, APendingEventOlderThanOurClaimChangesNothing) {
  d.connect("w", 2, {{RequestId{1}, "n50"}}, json::Array{json::Array{"running", 50, 6, 4, ""}});
  d.event("request.pending", {{"request", 1}});
  EXPECT_EQ(d.core.running_count(), 1u);
  EXPECT_TRUE(d.quiet());
}

TEST_F(DispatcherOrphans, AClaimThatAnotherGaveBackIsForgottenAndTheRequestOffered) {
  d.request(1, {"a"});
  d.connect("w", 2, {{RequestId{1}, "n50"}}, json::Array{json::Array{"running", 50, 6, 4, ""}});
  EXPECT_TRUE(d.quiet());
  request().state = store::RequestState::pending;
  request().nonce.clear();
  d.event("request.pending", {{"request", 1}});
  EXPECT_EQ(d.core.running_count(), 0u);
  EXPECT_EQ(request_of(d.commit<store::Offer>()), 1);
}

}  // namespace
}  // namespace headrace::dispatcher
