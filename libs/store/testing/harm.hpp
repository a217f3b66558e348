// SPDX-License-Identifier: Apache-2.0
// What tests do to Redis behind everybody's back: no program of Headrace does any of it.
#pragma once

#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "store/testing/raw_client.hpp"
#include "wire/worker_protocol.hpp"

namespace headrace::store::testing {

/// Every key is gone, as after a start without files.
inline void forget_everything(RawClient& redis) { redis.command({"FLUSHALL"}); }

/// Every key with its value in Redis's own form.
using Copy = std::vector<std::pair<std::string, std::string>>;
inline Copy copy_of(RawClient& redis) {
  Copy out;
  std::vector<Words> dumps;
  for (const auto& key : redis.command({"KEYS", "*"}).items) {
    out.emplace_back(key.text, "");
    dumps.push_back({"DUMP", key.text});
  }
  const auto values = redis.pipeline(dumps);
  for (std::size_t i = 0; i < out.size(); ++i) out[i].second = values[i].text;
  return out;
}
/// Redis as it was when the copy was made: a restore from a backup, or the loss of the tail of its file.
inline void restore(RawClient& redis, const Copy& copy) {
  std::vector<Words> commands{{"FLUSHALL"}};
  for (const auto& [key, value] : copy) commands.push_back({"RESTORE", key, "0", value});
  for (const auto& answer : redis.pipeline(commands))
    if (answer.is_error()) throw std::logic_error("RESTORE: " + answer.text);
}

/// Only the last `keep` events stay in the event log, whoever has not read the others.
inline void trim_events(RawClient& redis, int keep) {
  redis.command({"XTRIM", redis.keys()("events"), "MAXLEN", std::to_string(keep)});
}

/// Redis answers one of its commands with an error, or does it again.
inline void refuse_ranges_of_the_log(RawClient& redis, bool refuse) {
  redis.command({"ACL", "SETUSER", "default", refuse ? "-xrange" : "+xrange"});
}

/// Ends every other connection.
inline void cut_connections(RawClient& redis) {
  redis.command({"CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"});
}

/// A lock that belongs to nobody: a slot of the worker is kept for a request that is not there.
inline void steal_slot(RawClient& redis, const std::string& worker, bool steal) {
  if (steal)
    redis.command({"HSET", redis.keys()("slots", worker), "stolen", "999"});
  else
    redis.command({"HDEL", redis.keys()("slots", worker), "stolen"});
}

/// A request that is complete is pending again.
inline void put_back(RawClient& redis, RequestId request) {
  redis.command({"HSET", redis.keys()("request", request.value), "state", "pending"});
  redis.command({"ZADD", redis.keys()("open"), std::to_string(request.value), std::to_string(request.value)});
}

/// The offer of a request, whatever has become of it, runs out at once.
inline void leave_offer(RawClient& redis, RequestId request) {
  redis.command({"ZADD", redis.keys()("offers"), "1", std::to_string(request.value)});
}

/// An event is no longer in the event log, between others that are.
inline void lose_event(RawClient& redis, EventNumber number) {
  redis.command({"XDEL", redis.keys()("events"), std::to_string(number.value) + "-0"});
}

/// One more build of a request is counted than there was.
inline void count_attempt(RawClient& redis, RequestId request) {
  redis.command({"HINCRBY", redis.keys()("request", request.value), "attempts", "1"});
}

/// A running build as it is now, to be put back after its end.
class Resurrection {
 public:
  Resurrection(RawClient& redis, const wire::Claim& claim, std::int64_t sequence)
      : redis_(redis),
        request_(redis.keys()("request", claim.request.value)),
        claim_(claim),
        sequence_(sequence) {
    build_ = redis.keys()("build:" + redis.command({"HGET", request_, "build"}).text);
    put_back_ = {"HSET", build_};
    for (const auto& item : redis.command({"HGETALL", build_}).items) put_back_.push_back(item.text);
  }
  /// The build runs again under its old claim, before report `sequence`.
  void begin() {
    redis_.command({"HSET", request_, "state", "running", "nonce", claim_.nonce});
    redis_.command(put_back_);
    redis_.command({"HSET", build_, "sequence", std::to_string(sequence_ - 1)});
  }
  void end() { redis_.command({"HDEL", request_, "nonce"}); }

 private:
  RawClient& redis_;
  std::string request_, build_;
  wire::Claim claim_;
  std::int64_t sequence_;
  Words put_back_;
};

}  // namespace headrace::store::testing
