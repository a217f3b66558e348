// SPDX-License-Identifier: Apache-2.0
// The transitions of the system, each on a real Redis.
#include <gtest/gtest.h>

#include "store/client.hpp"
#include "support/redis_server.hpp"
#include "wire/codec.hpp"
#include "wire/records.hpp"

namespace headrace::store {
namespace {

const std::string kNonce(32, 'a');
const std::string kOther(32, 'b');

std::string map_body(const std::string& text = "x") {
  return wire::encode_value(json::Object{{"v", 1}, {"t", text}});
}

class Functions : public testing::Test {
 protected:
  Functions() : redis({*parse_address(server().address())}) {
    redis.command({"FLUSHALL"});
    redis.load_functions(true);
    clock(1'700'000'000'000);
  }
  static test::RedisServer& server() {
    static test::RedisServer one({"--enable-debug-command", "yes"});
    return one;
  }
  void clock(std::int64_t ms) { redis.command({"SET", redis.keys()("clock"), std::to_string(ms)}); }

  json::Value good(const std::string& function, std::vector<std::string> args) {
    last = redis.call({function, std::move(args)});
    EXPECT_TRUE(last.ok) << function << ": " << last.refusal;
    return last.ok ? *wire::decode_value(last.value) : json::Value();
  }
  std::string refused(const std::string& function, std::vector<std::string> args) {
    last = redis.call({function, std::move(args)});
    EXPECT_FALSE(last.ok) << function;
    return last.refusal;
  }
  std::vector<std::string> topics() const {
    std::vector<std::string> out;
    for (const auto& e : last.events) out.push_back(e.topic);
    return out;
  }

  void configure() {
    good("config_apply", {"-1", "d1", map_body(), "2", "builder", "kernel", "worker", "w1"});
  }
  // A buildset with one request for "kernel"; its request id.
  std::int64_t a_request() {
    return good("buildset_add", {"", "1", map_body(), "1", "kernel", "0"}).as_array()[1].as_int();
  }
  std::int64_t hello(const std::vector<std::string>& held = {}) {
    std::vector<std::string> args = {"w1",    "0123456789abcdef", "d1",
                                     "30000", map_body(),         std::to_string(held.size() / 2)};
    args.insert(args.end(), held.begin(), held.end());
    hello_answer = good("worker_hello", args);
    return hello_answer.as_array()[0].as_int();
  }
  void offer(std::int64_t request, std::int64_t session, const std::string& nonce = kNonce) {
    good("offer",
         {"1", "5000", nonce, "1", std::to_string(request), "w1", std::to_string(session), "2", "1"});
  }
  json::Value accept(std::int64_t request, std::int64_t session, const std::string& nonce = kNonce) {
    return good("accept", {std::to_string(request), nonce, "w1", std::to_string(session), map_body()});
  }
  // Ticks the workers' clock by `ms` of Redis time, in steps that count.
  void pass(std::int64_t ms) {
    auto at = std::stoll(redis.command({"GET", redis.keys()("clock")}).text);
    good("tick", {"workers"});
    for (std::int64_t done = 0; done < ms; done += 2000) {
      clock(at += std::min<std::int64_t>(2000, ms - done));
      good("tick", {"workers"});
    }
  }

  BlockingClient redis;
  Reply last;
  json::Value hello_answer;
};

}  // namespace

TEST_F(Functions, ATrivialBuildTakesFiveCalls) {
  configure();
  good("change_add", {"", "", "0", "", "", "", "1", map_body()});
  EXPECT_EQ(last.events.at(0).id("changeid"), 1);
  good("role_hold", {"scheduler", "s1", "10000"});
  good("scheduler_apply", {"1", "0", "2", "t", "1", "1", "set", "main", map_body(), "1", "kernel", "0"});
  EXPECT_EQ(topics(), (std::vector<std::string>{"buildset.new"}));
  const auto session = hello();
  offer(1, session);
  EXPECT_TRUE(last.events.empty());
  EXPECT_EQ(accept(1, session), json::Value(json::Array{1, 1, 1'700'000'000'000, 1}));
  EXPECT_EQ(topics(), (std::vector<std::string>{"build.new.kernel"}));
  EXPECT_EQ(good("progress", {"1", kNonce, "1", "1", "finish", "0", map_body()}),
            json::Value(json::Array{1, 1}));
  EXPECT_EQ(topics(), (std::vector<std::string>{"build.finished.kernel", "buildset.complete"}));
  EXPECT_EQ(redis.command({"ZCARD", redis.keys()("open")}).integer, 0);
  EXPECT_EQ(redis.command({"EXISTS", redis.keys()("slots:w1")}).integer, 0);
}

TEST_F(Functions, EventsAreNumberedWithoutGapsAndChained) {
  configure();
  for (int i = 0; i < 20; ++i) good("change_add", {"", "", "0", "", "", "", "2", map_body(), map_body()});
  const auto stream = redis.command({"XRANGE", redis.keys()("events"), "-", "+"});
  ASSERT_EQ(stream.items.size(), 41u);
  std::string previous;
  for (std::size_t i = 0; i < stream.items.size(); ++i) {
    EXPECT_EQ(stream.items[i].items[0].text, std::to_string(i + 1) + "-0");
    const auto e = wire::decode_event(stream.items[i].items[1].items[1].text, "");
    ASSERT_TRUE(e);
    EXPECT_EQ(e->previous_tag, previous);
    EXPECT_NE(e->tag, previous);
    previous = e->tag;
  }
}

TEST_F(Functions, ADeliveryIsTakenOnce) {
  const auto first = good("change_add", {"guid-1", "", "0", "", "", "", "1", map_body()});
  const auto again = good("change_add", {"guid-1", "", "0", "", "", "", "1", map_body()});
  EXPECT_EQ(first, again);
  EXPECT_TRUE(last.events.empty());
  EXPECT_EQ(redis.command({"HLEN", redis.keys()("changes")}).integer, 1);
}

TEST_F(Functions, APollersStateMovesOnlyFromWhatItRead) {
  good("role_hold", {"poller:p", "c1", "10000"});
  good("change_add", {"", "poller:p", "1", "p", "", "tips1", "0"});
  EXPECT_TRUE(
      refused("change_add", {"", "poller:p", "1", "p", "", "tips2", "1", map_body()}).starts_with("stale"));
  EXPECT_TRUE(refused("change_add", {"", "poller:p", "2", "p", "tips1", "tips2", "1", map_body()})
                  .starts_with("stale"));
  good("change_add", {"", "poller:p", "1", "p", "tips1", "tips2", "1", map_body()});
  EXPECT_EQ(redis.command({"HGET", redis.keys()("poller"), "p"}).text, "tips2");
}

TEST_F(Functions, TheSchedulersCursorMovesOnlyFromWhereItIs) {
  configure();
  good("change_add", {"", "", "0", "", "", "", "1", map_body()});
  good("role_hold", {"scheduler", "s1", "10000"});
  good("scheduler_apply", {"1", "0", "1", "t", "1", "0"});
  EXPECT_TRUE(refused("scheduler_apply", {"1", "0", "2", "t", "1", "0"}).starts_with("stale"));
  EXPECT_TRUE(refused("scheduler_apply", {"1", "1", "9", "t", "1", "0"}).starts_with("bad"));
  EXPECT_TRUE(refused("scheduler_apply", {"2", "1", "2", "t", "1", "0"}).starts_with("stale"));
  EXPECT_TRUE(refused("scheduler_apply", {"1", "1", "2", "t", "7", "0"}).starts_with("config"));
}

TEST_F(Functions, ADueBuildsetIsOfExactlyTheListedChanges) {
  configure();
  good("change_add", {"", "", "0", "", "", "", "2", map_body(), map_body()});
  good("role_hold", {"scheduler", "s1", "10000"});
  good("scheduler_apply", {"1", "0", "2", "t", "1", "1", "wait", "main", "", "1", "1", "5000"});
  good("scheduler_apply", {"1", "2", "3", "t", "1", "1", "wait", "main", "", "2", "0", "6000"});
  EXPECT_TRUE(refused("scheduler_due",
                      {"1", "1", "main", "", "5000", "", "2", "1", "2", map_body(), "1", "kernel", "0"})
                  .starts_with("stale"));
  EXPECT_TRUE(refused("scheduler_due",
                      {"1", "1", "main", "", "6000", "", "2", "2", "1", map_body(), "1", "kernel", "0"})
                  .starts_with("stale"));
  good("scheduler_due", {"1", "1", "main", "", "6000", "", "2", "1", "2", map_body(), "1", "kernel", "0"});
  EXPECT_EQ(topics(), (std::vector<std::string>{"buildset.new"}));
  EXPECT_TRUE(refused("scheduler_due",
                      {"1", "1", "main", "", "6000", "", "2", "1", "2", map_body(), "1", "kernel", "0"})
                  .starts_with("stale"));
  EXPECT_EQ(redis.command({"SCARD", redis.keys()("waiting")}).integer, 0);
}

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
  hello({"1", kOther});
  EXPECT_EQ(hello_answer.as_array()[1].as_array()[0].as_array()[0].as_string(), "fenced");
  EXPECT_EQ(hello_answer.as_array()[2], json::Value(json::Array{1}));
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
  good("request_cancel", {"3", map_body()});
  EXPECT_TRUE(last.events.empty());
  good("worker_gone", {"w1", std::to_string(s), "goodbye"});
  EXPECT_TRUE(refused("build_lost", {"3", kOther, "5", "5", map_body()}).starts_with("stale"));
  good("build_lost", {"3", kOther, "5", "6", map_body()});
  EXPECT_TRUE(refused("request_cancel", {"3", map_body()}).starts_with("gone"));
}

TEST_F(Functions, ARoleHasOneOwnerAndANewTermWithEachTaking) {
  good("tick", {"roles"});
  EXPECT_EQ(good("role_hold", {"scheduler", "a", "3000"}), json::Value(json::Array{1, 1}));
  EXPECT_EQ(good("role_hold", {"scheduler", "a", "3000"}), json::Value(json::Array{1, 0}));
  EXPECT_TRUE(refused("role_hold", {"scheduler", "b", "3000"}).starts_with("held"));
  clock(1'700'000'002'000), good("tick", {"roles"});
  clock(1'700'000'004'000), good("tick", {"roles"});
  EXPECT_EQ(good("role_hold", {"scheduler", "b", "3000"}), json::Value(json::Array{2, 1}));
  EXPECT_TRUE(refused("role_release", {"scheduler", "a"}).starts_with("held"));
}

TEST_F(Functions, AReportersCursorMovesWithItsMessages) {
  configure();
  good("role_hold", {"reporter:mail", "n1", "10000"});
  EXPECT_EQ(good("cursor_start", {"mail", "1"}).as_array()[0].as_int(), 1);
  good("change_add", {"", "", "0", "", "", "", "1", map_body()});
  good("reporter_apply", {"mail", "1", "1", "2", "t", "1", "build-1", map_body()});
  EXPECT_TRUE(refused("reporter_apply", {"mail", "1", "1", "2", "t", "1", "build-1", map_body()})
                  .starts_with("stale"));
  good("outbox_later", {"mail", "1", "build-1", "1000"});
  good("outbox_done", {"mail", "1", "build-1"});
  EXPECT_TRUE(refused("outbox_done", {"mail", "1", "build-1"}).starts_with("gone"));
}

TEST_F(Functions, TheEventLogIsNotTrimmedPastAReader) {
  configure();
  good("role_hold", {"scheduler", "s", "10000"});
  for (int i = 0; i < 300; ++i) good("change_add", {"", "", "0", "", "", "", "1", map_body()});
  EXPECT_EQ(good("events_trim", {"10"}), json::Value(json::Array{0}));
  good("scheduler_apply", {"1", "0", "200", "t", "1", "0"});
  EXPECT_EQ(good("events_trim", {"10"}), json::Value(json::Array{200}));
  EXPECT_GE(redis.command({"XLEN", redis.keys()("events")}).integer, 101);
}

TEST_F(Functions, TheSameConfigurationIsNoNewVersion) {
  EXPECT_EQ(good("config_apply", {"-1", "d1", map_body(), "1", "builder", "a"}), json::Value(json::Array{1}));
  EXPECT_EQ(good("config_apply", {"1", "d1", map_body(), "1", "builder", "a"}), json::Value(json::Array{1}));
  EXPECT_EQ(good("config_apply", {"1", "d2", map_body(), "2", "builder", "b", "builder", "a"}),
            json::Value(json::Array{2}));
  EXPECT_TRUE(refused("config_apply", {"1", "d3", map_body(), "0"}).starts_with("config"));
  EXPECT_EQ(redis.command({"HGET", redis.keys()("ids:builder"), "b"}).text, "2");
}

TEST_F(Functions, ALogTakesOnlyTheNextBytesOfItsClaim) {
  const auto p = redis.keys().log_prefix(BuildId{7});
  EXPECT_EQ(p, "{headrace:log:7}:");
  EXPECT_EQ(good("log_append", {p, kNonce, "0.0", "0", "10", "2", "99", "chunk"}),
            json::Value(json::Array{10, 2, 99}));
  EXPECT_EQ(good("log_append", {p, kNonce, "0.0", "0", "10", "2", "99", "chunk"}),
            json::Value(json::Array{10, 2, 99}));
  EXPECT_EQ(good("log_append", {p, kNonce, "0.0", "50", "10", "2", "98", "chunk"}),
            json::Value(json::Array{10, 2, 99}));
  EXPECT_TRUE(
      refused("log_append", {p, kOther, "0.0", "10", "10", "2", "98", "chunk"}).starts_with("fenced"));
  EXPECT_EQ(redis.command({"LLEN", p + "0.0:c"}).integer, 1);
  good("log_drop", {p});
  EXPECT_TRUE(refused("log_append", {p, kNonce, "0.0", "0", "10", "2", "98", "chunk"}).starts_with("fenced"));
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

// Every function with each argument missing, broken in several ways, and one too many: nothing may change.
TEST_F(Functions, ABrokenArgumentLeavesTheKeySpaceAsItWas) {
  configure();
  a_request(), a_request();
  const auto s = std::to_string(hello());
  offer(1, std::stoll(s));
  accept(1, std::stoll(s));
  good("offer", {"1", "5000", kOther, "1", "2", "w1", s, "2", "2"});
  good("role_hold", {"scheduler", "s1", "10000"});
  good("role_hold", {"reporter:mail", "n1", "10000"});
  good("cursor_start", {"mail", "1"});
  good("change_add", {"", "", "0", "", "", "", "1", map_body()});
  const auto head = redis.command({"HGET", redis.keys()("head"), "n"}).text;
  const auto p = redis.keys().log_prefix(BuildId{1});
  const std::string key(40, 'k');
  const std::vector<Call> calls = {
      {"change_add", {"d", "", "0", "", "", "", "1", map_body()}},
      {"buildset_add", {"k", "1", map_body(), "1", "kernel", "0"}},
      {"request_cancel", {"1", map_body()}},
      {"scheduler_apply",
       {"1", "0", head, "t", "1", "2", "set", "main", map_body(), "1", "kernel", "0", "wait", "main", "", "1",
        "1", "77"}},
      {"scheduler_due", {"1", "1", "main", "", "77", "", "1", "1", map_body(), "1", "kernel", "0"}},
      {"waiting_drop", {"1", "1", "main", ""}},
      {"offer", {"1", "5000", kNonce, "1", "2", "w1", s, "2", "2"}},
      {"accept", {"2", kOther, "w1", s, map_body()}},
      {"release", {"2", kOther, "refused"}},
      {"progress",
       {"1", kNonce, "1", "3", "step", "0", "1", map_body(), "properties", map_body(), "finish", "0",
        map_body()}},
      {"build_lost", {"1", kNonce, "3", "5", map_body()}},
      {"answer", {"1", kNonce, "1", map_body()}},
      {"tick", {"workers"}},
      {"worker_hello", {"w1", "0123456789abcdef", "d1", "30000", map_body(), "1", "1", kNonce}},
      {"worker_renew", {"30000", "1", "w1", s}},
      {"worker_gone", {"w1", s, "goodbye"}},
      {"role_hold", {"scheduler", "s1", "10000"}},
      {"role_release", {"scheduler", "s1"}},
      {"cursor_start", {"mail", "1"}},
      {"reporter_apply", {"mail", "1", "3", head, "t", "1", "k", map_body()}},
      {"outbox_done", {"mail", "1", "k"}},
      {"outbox_later", {"mail", "1", "k", "1000"}},
      {"reporter_drop", {"mail", "1"}},
      {"config_apply", {"1", "d9", map_body(), "1", "builder", "new"}},
      {"key_allow", {"worker", key, "w"}},
      {"key_forbid", {"worker", key}},
      {"events_trim", {"1"}},
      {"logs_moved", {"1"}},
      {"log_append", {p, kNonce, "0.0", "0", "10", "2", "99", "chunk"}},
      {"log_drop", {p}},
  };
  const auto dump = [&] {
    // DEBUG DIGEST covers every key, field and value.
    return redis.command({"DEBUG", "DIGEST"}).text;
  };
  const auto names = redis.command({"FUNCTION", "LIST"});
  std::size_t defined = 0;
  for (const auto& part : names.items.at(0).items)
    if (part.kind == RedisReply::Kind::array) defined = part.items.size();
  EXPECT_EQ(calls.size() + 4, defined)
      << "a function is missing from this test";  // revision, digest, and two that only read

  const auto before = dump();
  ASSERT_EQ(before.size(), 40u);
  int tried = 0;
  for (const auto& call : calls) {
    const std::size_t first = call.function.starts_with("log_") ? 1 : 0;
    for (std::size_t i = first; i <= call.args.size(); ++i) {
      std::vector<std::vector<std::string>> variants;
      auto shorter = call.args;
      if (i < call.args.size()) {
        shorter.resize(i);
        variants.push_back(shorter);
        for (const std::string& garbage : {std::string("\n\x01"), std::string(400, 'z')}) {
          auto broken = call.args;
          broken[i] = garbage;
          variants.push_back(broken);
        }
      } else {
        auto longer = call.args;
        longer.push_back("more");
        variants.push_back(longer);
      }
      for (auto& args : variants) {
        // A poller's states and a held nonce are free text, a chunk any bytes: those are no mistakes.
        const bool free_text = (call.function == "change_add" && (i == 4 || i == 5)) ||
                               (call.function == "worker_hello" && i == 7) ||
                               (call.function == "log_append" && i == 7);
        if (free_text && args.size() == call.args.size()) continue;
        const auto reply = redis.call({call.function, args});
        EXPECT_FALSE(reply.ok) << call.function << " argument " << i;
        EXPECT_TRUE(reply.refusal.starts_with("bad:")) << call.function << " " << i << ": " << reply.refusal;
        ++tried;
      }
    }
    ASSERT_EQ(dump(), before) << call.function;
  }
  EXPECT_GT(tried, 200);
}

}  // namespace headrace::store
