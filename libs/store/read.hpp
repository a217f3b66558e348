// SPDX-License-Identifier: Apache-2.0
// A typed question to Redis, for any client: the asynchronous one, the blocking one, the simulation's.
//
// A read goes in rounds. Each round is one pipeline of plain commands; its answers lead to the next round or
// to the value. Most reads are one round.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "generation/generation.hpp"
#include "model/ids.hpp"
#include "result/result.hpp"

namespace headrace::store {

/// A raw Redis answer.
struct RedisReply {
  enum class Kind { nil, integer, string, array, status, error } kind = Kind::nil;
  std::int64_t integer = 0;
  std::string text;  ///< of string, status, error
  std::vector<RedisReply> items;

  bool is_error() const { return kind == Kind::error; }
};

/// Names of Redis keys, so that reads and functions agree. docs/protocol.md, "What lives in Redis".
class KeyNames {
 public:
  /// @param prefix  with its hash tag, "{headrace}:"; all names but those of logs begin with it
  explicit KeyNames(std::string prefix) : prefix_(std::move(prefix)) {}
  const std::string& prefix() const { return prefix_; }
  std::string operator()(std::string_view name) const { return prefix_ + std::string(name); }
  std::string operator()(std::string_view name, std::int64_t id) const;
  std::string operator()(std::string_view name, std::string_view of) const;
  /// Logs of one build live in a slot of their own: "{headrace:log:12}:".
  std::string log_prefix(BuildId build) const;

 private:
  std::string prefix_;
};

using Words = std::vector<std::string>;

struct Round {
  std::vector<Words> commands;  ///< sent in one pipeline; none: `next` is called at once
  /// Takes the answers, in order, none of them an error; gives the next round, or nothing after the value.
  std::function<std::optional<Round>(std::vector<RedisReply>)> next;
  /// Takes the text of an error that Redis answered instead.
  std::function<void(std::string)> failed;
};

template <class T>
class Read {
 public:
  using Done = std::function<void(Result<T>)>;
  using Start = std::function<Round(const KeyNames&, Done)>;

  explicit Read(Start start) : start_(std::move(start)) {}
  /// The first round; `done` is called once, from the `next` or `failed` of the last one.
  Round start(const KeyNames& keys, Done done) const { return start_(keys, std::move(done)); }

 private:
  Start start_;
};

/// Gives one answer of a round's pipeline to the round, or its error. Used by whoever runs rounds.
std::optional<Round> take_answers(const Round& round, std::vector<RedisReply> answers);

/// The same round and those after it, whose answers are dropped once the generation of `mark` has ended.
Round while_current(Generation::Mark mark, Round round);

}  // namespace headrace::store
