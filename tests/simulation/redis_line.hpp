// SPDX-License-Identifier: Apache-2.0
// One process's connection to Redis: what was sent is executed in order after a while, answers come in order
// after another, and the connection may break at any point in between.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "generation/generation.hpp"
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
  /// One round of a read after the other, each a pipeline.
  void read(store::Round round);
  /// A blocking read of the event log: what is sent behind it waits, too.
  void follow(EventNumber after, std::size_t limit, milliseconds block,
              std::function<void(std::vector<wire::Event>)> done);
  /// Some first part of what was sent is still executed; no answer comes any more. Does not call `lost`.
  void cut();

 private:
  struct Follow {
    EventNumber after;
    std::size_t limit;
    milliseconds block;
    std::function<void(std::vector<wire::Event>)> done;
    std::optional<MonoTime> until;  ///< set when it blocks
  };
  struct Request {
    std::vector<store::Call> calls;
    std::function<void(std::vector<store::Reply>)> committed;
    std::optional<store::Round> round;
    std::optional<Follow> follow;
  };
  void send(Request request);
  void execute();
  bool blocks(Follow& follow);
  void answer(std::function<void()> what);
  void lose();

  Environment& env_;
  std::function<void()> lost_, crash_;
  std::deque<Request> sent_;  ///< not executed yet
  bool open_ = false;
  std::size_t due_ = 0;  ///< of `sent_`: have arrived at the server
  MonoTime last_executed_{}, last_answered_{};
  Generation wait_;  ///< of a blocking read
  Generation life_;  ///< of the connection
};

}  // namespace headrace::simulation
