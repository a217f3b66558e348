// SPDX-License-Identifier: Apache-2.0
// A request's way to its end, and back: offers, accepts, reports, lost workers, cancels, each on a real
// Redis.
#include "store/testing/functions.hpp"

namespace headrace::store {

TEST_F(Functions, OnlyOneOfferHoldsAndItExpires) {
  configure();
  const auto r = a_request();
  const auto s = hello();
  offer(r, s);
  EXPECT_TRUE(
      refused("offer", {"1", "5000", kOther, "1", std::to_string(r), "w1", std::to_string(s), "2", "1"})
          .starts_with("none"));
  EXPECT_TRUE(refused("release", {std::to_string(r), kNonce, "expired"}).starts_with("early"));
  pass(6000);
  good("release", {std::to_string(r), kNonce, "expired"});
  EXPECT_EQ(topics(), (std::vector<std::string>{"request.pending"}));
  EXPECT_TRUE(refused("accept", {std::to_string(r), kNonce, "w1", std::to_string(s), map_body()})
                  .starts_with("fenced"));
  offer(r, s, kOther);
}

TEST_F(Functions, OffersRespectSlotsAndOneBuildOfABuilderAtATime) {
  configure();
  const auto a = a_request(), b = a_request();
  const auto s = std::to_string(hello());
  offer(a, std::stoll(s));
  EXPECT_TRUE(
      refused("offer", {"1", "5000", kOther, "1", std::to_string(b), "w1", s, "2", "1"}).starts_with("none"));
  EXPECT_EQ(good("offer", {"1", "5000", kOther, "1", std::to_string(b), "w1", s, "2", "2"}),
            json::Value(json::Array{1, "kernel~2"}));
  const auto c = a_request();
  EXPECT_TRUE(refused("offer", {"1", "5000", std::string(32, 'c'), "1", std::to_string(c), "w1", s, "2", "9"})
                  .starts_with("none"));
}

TEST_F(Functions, AcceptSucceedsOnceAndRepeatsAnswerTheSame) {
  configure();
  const auto r = a_request();
  const auto s = hello();
  offer(r, s);
  const auto first = accept(r, s);
  EXPECT_EQ(accept(r, s), first);
  EXPECT_TRUE(last.events.empty());
  EXPECT_TRUE(refused("accept", {std::to_string(r), kOther, "w1", std::to_string(s), map_body()})
                  .starts_with("fenced"));
  EXPECT_TRUE(refused("accept", {std::to_string(r), kNonce, "w1", std::to_string(s + 1), map_body()})
                  .starts_with("session"));
}

TEST_F(Functions, ProgressAppliesExactlyTheNextReport) {
  configure();
  const auto r = std::to_string(a_request());
  const auto s = hello();
  offer(1, s);
  accept(1, s);
  EXPECT_TRUE(refused("progress", {r, kNonce, "2", "1", "step", "0", "0", map_body()}).starts_with("gap"));
  good("progress", {r, kNonce, "1", "1", "step", "0", "0", map_body()});
  EXPECT_EQ(topics(), (std::vector<std::string>{"step.started.kernel"}));
  good("progress", {r, kNonce, "1", "1", "step", "0", "0", map_body()});
  EXPECT_TRUE(last.events.empty());
  EXPECT_TRUE(refused("progress", {r, kOther, "2", "1", "step", "0", "1", map_body()}).starts_with("fenced"));
  EXPECT_TRUE(refused("progress", {r, kNonce, "2", "1", "finish", "5", map_body()}).starts_with("bad"));
  good("progress", {r, kNonce, "2", "2", "step", "0", "1", map_body(), "finish", "2", map_body()});
  EXPECT_TRUE(refused("progress", {r, kNonce, "3", "1", "finish", "0", map_body()}).starts_with("fenced"));
}

TEST_F(Functions, ALostWorkersBuildsGoBackToTheQueueWithALimit) {
  configure();
  a_request();
  auto s = hello();
  offer(1, s);
  accept(1, s);
  EXPECT_TRUE(refused("worker_gone", {"w1", std::to_string(s), "expired"}).starts_with("early"));
  EXPECT_TRUE(refused("build_lost", {"1", kNonce, "2", "5", map_body()}).starts_with("early"));
  pass(31000);
  EXPECT_EQ(good("worker_gone", {"w1", std::to_string(s), "expired"}),
            json::Value(json::Array{json::Array{1}}));
  EXPECT_TRUE(refused("build_lost", {"1", kNonce, "2", "4", map_body()}).starts_with("stale"));
  good("build_lost", {"1", kNonce, "2", "5", map_body()});
  EXPECT_EQ(topics(), (std::vector<std::string>{"build.finished.kernel", "request.pending"}));
  s = hello();
  offer(1, s, kOther);
  EXPECT_EQ(
      accept(1, s, kOther),
      json::Value(json::Array{2, 2, std::stoll(redis.command({"GET", redis.keys()("clock")}).text), 2}));
  good("worker_gone", {"w1", std::to_string(s), "goodbye"});
  good("build_lost", {"1", kOther, "2", "4", map_body()});
  EXPECT_EQ(topics(), (std::vector<std::string>{"build.finished.kernel", "buildset.complete"}));
}

TEST_F(Functions, TimeInWhichNobodyCouldRenewDoesNotCount) {
  configure();
  const auto s = hello();
  good("tick", {"workers"});
  clock(1'700'000'000'000 + 3'600'000);
  good("tick", {"workers"});
  EXPECT_TRUE(refused("worker_gone", {"w1", std::to_string(s), "expired"}).starts_with("early"));
  clock(1'700'000'000'000);  // a clock that goes back does not take anything away
  EXPECT_EQ(good("tick", {"workers"}).as_array()[0].as_int(), 2000);
}

TEST_F(Functions, AHelloAdoptsWhatIsHeldAndFencesTheRest) {
  configure();
  a_request();
  auto s = hello();
  offer(1, s);
  accept(1, s);
  const auto s2 = hello({"1", kNonce});
  EXPECT_EQ(hello_answer.as_array()[1].as_array()[0].as_array()[0].as_string(), "running");
  EXPECT_GT(s2, s);
  EXPECT_TRUE(hello_answer.as_array()[2].as_array().empty());
  const auto s3 = hello({"1", kOther});
  EXPECT_EQ(hello_answer.as_array()[1].as_array()[0].as_array()[0].as_string(), "fenced");
  EXPECT_EQ(hello_answer.as_array()[2], json::Value(json::Array{1}));
  EXPECT_TRUE(refused("build_lost", {"1", kNonce, "5", "5", map_body()}).starts_with("early"))
      << "a hello alone ends nothing: it may be late";
  good("worker_renew", {"30000", "1", "w1", std::to_string(s3)});
  good("build_lost", {"1", kNonce, "5", "5", map_body()});
}

TEST_F(Functions, CancelEndsWhatIsPendingAndAsksWhatRuns) {
  configure();
  a_request(), a_request(), a_request();
  const auto s = hello();
  good("request_cancel", {"1", map_body()});
  EXPECT_EQ(topics(), (std::vector<std::string>{"request.complete", "buildset.complete"}));
  offer(2, s);
  good("request_cancel", {"2", map_body()});
  EXPECT_TRUE(refused("accept", {"2", kNonce, "w1", std::to_string(s), map_body()}).starts_with("fenced"));
  offer(3, s, kOther);
  accept(3, s, kOther);
  good("request_cancel", {"3", map_body()});
  EXPECT_EQ(topics(), (std::vector<std::string>{"request.cancel"}));
  good("request_cancel", {"3", map_body("again")});
  EXPECT_EQ(topics(), (std::vector<std::string>{"request.cancel"})) << "the first may not have been heard";
  EXPECT_EQ(last.events.at(0).body, map_body()) << "the first reason stays";
  good("worker_gone", {"w1", std::to_string(s), "goodbye"});
  EXPECT_TRUE(refused("build_lost", {"3", kOther, "5", "5", map_body()}).starts_with("stale"));
  good("build_lost", {"3", kOther, "5", "6", map_body()});
  EXPECT_TRUE(refused("request_cancel", {"3", map_body()}).starts_with("gone"));
}

TEST_F(Functions, TheFirstAnswerToAQuestionStays) {
  configure();
  a_request();
  const auto s = hello();
  offer(1, s);
  accept(1, s);
  const auto first = good("answer", {"1", kNonce, "1", map_body("first")});
  EXPECT_EQ(good("answer", {"1", kNonce, "1", map_body("second")}), first);
}

}  // namespace headrace::store
