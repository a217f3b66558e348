// SPDX-License-Identifier: Apache-2.0
// One process's connection to Redis: what was sent is executed in order after a while, answers come in
// order after another, and the connection may break at any point in between.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "simulation/environment.hpp"

namespace headrace::simulation {

class RedisLine {
 public:
  /// @param lost   the connection broke by itself
  /// @param crash  the process is to die now
  RedisLine(Environment& environment, std::function<void()> lost, std::function<void()> crash)
      : env_(environment), lost_(std::move(lost)), crash_(std::move(crash)) {}

  void open() { open_ = true; }
  bool is_open() const { return open_; }
  void commit(std::vector<store::Call> calls, std::function<void(std::vector<store::Reply>)> done);
  void read(std::vector<std::string> words, std::function<void(store::RedisReply)> done);
  /// Some first part of what was sent is still executed; no answer comes any more. Does not call `lost`.
  void cut();

 private:
  struct Request {
    std::vector<store::Call> calls;  ///< empty: a read
    std::vector<std::string> words;
    std::function<void(std::vector<store::Reply>)> committed;
    std::function<void(store::RedisReply)> answered;
  };
  void send(Request request);
  void execute();
  void lose();

  Environment& env_;
  std::function<void()> lost_, crash_;
  std::deque<Request> sent_;  ///< not executed yet
  bool open_ = false;
  std::uint64_t life_ = 0;
  MonoTime last_executed_{}, last_answered_{};
};

}  // namespace headrace::simulation
