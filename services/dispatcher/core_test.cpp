// SPDX-License-Identifier: Apache-2.0
// The choice of workers and requests for offers.
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

TEST(DispatcherCore, TheIdlestWorkerIsAskedFirst) {
  TestDispatcher d(kTwo);
  d.connect("w1", 1);
  d.connect("w2", 2);
  d.request(1, {"a", "a", "a"});
  // Three offers go to the store at once. Each counts the worker of the offer before as taken.
  auto first = d.commit<store::Offer>(), second = d.commit<store::Offer>(), third = d.commit<store::Offer>();
  EXPECT_EQ(workers_of(first), (Texts{"w2", "w1"})) << "3 free against 2";
  EXPECT_EQ(workers_of(second), (Texts{"w1", "w2"})) << "2 each, so in the order of the builder";
  EXPECT_EQ(workers_of(third), (Texts{"w2", "w1"})) << "2 against 1";
  EXPECT_TRUE(d.quiet());
}

TEST(DispatcherCore, AnOfferSaysWhatTheStoreHasToCheck) {
  TestDispatcher d(kTwo);
  d.connect("w2", 5);
  d.request(3, {"a"});
  const auto call = d.commit<store::Offer>();
  EXPECT_EQ(call->version.value, 7);
  EXPECT_EQ(call->expiry, 5s);
  EXPECT_EQ(call->nonce, "nonce1");
  ASSERT_EQ(call->pairs.size(), 1u);
  const auto& pair = call->pairs[0];
  EXPECT_EQ(pair.request.value, 3);
  EXPECT_EQ(pair.worker, "w2");
  EXPECT_EQ(pair.session.value, 5);
  EXPECT_EQ(pair.slots, 3);
  EXPECT_EQ(pair.max_per_worker, 9);
  EXPECT_TRUE(d.sent.empty()) << "the worker hears of it when it is committed";
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
  d.commit<store::Offer>();
  EXPECT_TRUE(d.quiet());
}

TEST(DispatcherCore, ABuilderGetsNoMoreThanItsBuildsPerWorker) {
  TestDispatcher d(
      "worker 'w' { slots = 9 } builder 'a' { workers = 'w', max_builds_per_worker = 2, steps = step.compile "
      "{} }\n"
      "builder 'b' { workers = 'w', steps = step.compile {} }");
  d.connect("w", 1);
  d.request(1, {"b", "b", "a", "a", "a"});
  for (const int id : {3, 4, 1}) EXPECT_EQ(request_of(d.commit<store::Offer>()), id);
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
  d.commit<store::Progress>().ok();
  EXPECT_TRUE(d.message<wire::Reported>("w@1").finished);
  EXPECT_EQ(d.core.running_count(), 0u);
  d.event("build.finished.b", {{"request", 1}, {"results", 0}});
  EXPECT_EQ(request_of(d.commit<store::Offer>()), 2);
}

TEST(DispatcherCore, HigherPrioritiesGoFirst) {
  TestDispatcher d(
      "worker 'w' { slots = 1 } builder 'a' { workers = 'w', steps = step.compile {} }\n"
      "builder 'b' { workers = 'w', steps = step.compile {} }");
  d.request(1, {"a"});
  d.request(2, {"b"}, 5);
  d.connect("w", 1);
  EXPECT_EQ(request_of(d.commit<store::Offer>()), 2);
  EXPECT_TRUE(d.quiet());
}

TEST(DispatcherCore, BuildersTakeTurnsByPriorityAndAge) {
  const std::string all = "workers = 'w', max_builds_per_worker = 9, steps = step.compile {} } ";
  TestDispatcher d("worker 'w' { slots = 4 } builder 'a' { " + all + "builder 'b' { " + all);
  d.request(1, {"a"}, 100);
  d.request(2, {"a", "a", "a"});
  d.request(5, {"b", "b"}, 50);
  d.connect("w", 1);
  std::vector<std::int64_t> offered;
  while (!d.commits.empty()) offered.push_back(request_of(d.commit<store::Offer>()));
  EXPECT_EQ(offered, (std::vector<std::int64_t>{1, 5, 6, 2}))
      << "a's requests of priority 0 come after b's of 50";
}

TEST(DispatcherCore, ABuilderThatIsNotConfiguredWaits) {
  TestDispatcher d(kOne);
  d.connect("w", 1);
  d.request(1, {"gone"});
  EXPECT_TRUE(d.quiet());
  EXPECT_EQ(d.core.pending_count(), 1u);
  d.configure(
      config::evaluated("worker 'w' { slots = 2 } builder 'gone' { workers = 'w', steps = step.compile {} }"),
      8);
  EXPECT_EQ(d.commit<store::Offer>()->version.value, 8);
}

TEST(DispatcherCore, ARequestThatIsAlreadyKnownIsNotOfferedTwice) {
  store::OpenRequests::One loaded;
  loaded.request.id = RequestId{1};
  loaded.request.builder = "a";
  loaded.request.state = store::RequestState::running;
  loaded.set = std::make_shared<wire::Buildset>();
  TestDispatcher d(kOne, {loaded});
  d.connect("w", 1);
  d.request(1, {"a"});  // the event of the request that was loaded
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
  EXPECT_EQ(request_of(d.commit<store::Offer>()), 1) << "it came back";
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

}  // namespace
}  // namespace headrace::dispatcher
