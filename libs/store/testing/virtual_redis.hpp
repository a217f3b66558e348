// SPDX-License-Identifier: Apache-2.0
// A real Redis whose clock is the test's, with answers that do not depend on chance: for the simulation.
#pragma once

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "store/testing/raw_client.hpp"

namespace headrace::store::testing {

/// Whether a round asks how late it is in Redis.
inline bool asks_for_time(const Round& round) {
  return round.commands.size() == 1 && round.commands[0].front() == "TIME";
}

class VirtualRedis {
 public:
  explicit VirtualRedis(Settings settings) : client_(std::move(settings)) {}

  /// Forgets everything, and loads the functions with a clock that set_clock() moves.
  void begin() {
    client_.command({"FLUSHALL"});
    client_.load_functions(true);
    clock_ms_ = 0;
  }
  void set_clock(std::int64_t wall_ms) {
    if (clock_ms_ == wall_ms) return;
    clock_ms_ = wall_ms;
    client_.send({"SET", client_.keys()("clock"), std::to_string(wall_ms)});
  }

  /// The clock's key may hold anything: the next set_clock() writes it.
  void forget_clock() { clock_ms_ = 0; }

  std::vector<Reply> commit(const std::vector<Call>& calls) { return client_.commit(calls); }
  /// The answers to the commands of one round of a read.
  std::vector<RedisReply> execute(const Round& round) {
    if (asks_for_time(round)) return {time()};
    auto out = client_.pipeline(round.commands);
    // Redis orders the members of sets by a random seed of its own.
    for (std::size_t i = 0; i < out.size(); ++i)
      if (round.commands[i].front() == "SMEMBERS")
        std::sort(out[i].items.begin(), out[i].items.end(),
                  [](const auto& a, const auto& b) { return a.text < b.text; });
      else if (round.commands[i].front() == "TIME")
        out[i] = time();
    return out;
  }
  template <class T>
  T read(const Read<T>& question) {
    std::optional<Result<T>> answer;
    std::optional<Round> round = question.start(keys(), [&](Result<T> r) { answer = std::move(r); });
    while (round) round = take_answers(*round, execute(*round));
    return std::move(**answer);
  }
  const KeyNames& keys() const { return client_.keys(); }
  RawClient& raw() { return client_; }

 private:
  RedisReply time() const {
    RedisReply seconds, microseconds, out;
    seconds.text = std::to_string(clock_ms_ / 1000);
    microseconds.text = std::to_string(clock_ms_ % 1000 * 1000);
    out.kind = RedisReply::Kind::array;
    out.items = {seconds, microseconds};
    return out;
  }

  RawClient client_;
  std::int64_t clock_ms_ = 0;
};

/// Whether a round asks how far the event log reaches.
inline bool asks_for_head(const Round& round, const KeyNames& keys) {
  return round.commands.size() == 1 && round.commands[0].front() == "HMGET" &&
         round.commands[0].at(1) == keys("head");
}
/// The answer to that question, at the very beginning of the event log.
inline RedisReply head_of_an_empty_log() { return {.items = std::vector<RedisReply>(2)}; }

}  // namespace headrace::store::testing
