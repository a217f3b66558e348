// SPDX-License-Identifier: Apache-2.0
// The Redis functions by name and position, on a real Redis with a clock of its own: their contract is tested
// as Redis sees it.
#pragma once

#include <gtest/gtest.h>

#include "store/testing/raw_client.hpp"
#include "support/redis_server.hpp"
#include "wire/codec.hpp"
#include "wire/records.hpp"

namespace headrace::store {

inline const std::string kNonce(32, 'a');
inline const std::string kOther(32, 'b');

inline std::string map_body(const std::string& text = "x") {
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

  RawClient redis;
  Reply last;
  json::Value hello_answer;
};

}  // namespace headrace::store
