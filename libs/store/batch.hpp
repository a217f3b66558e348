// SPDX-License-Identifier: Apache-2.0
// Calls of one connection in batches: while one batch is in flight the next gathers, so that batches grow
// under load by themselves, and an idle connection costs one round trip. Pure: whoever owns the connection
// sends what begin() gives and hands the replies to answer().
#pragma once

#include <functional>
#include <utility>
#include <vector>

#include "generation/generation.hpp"
#include "store/call.hpp"

namespace headrace::store {

class Batch {
 public:
  using Done = std::function<void(Reply)>;  ///< may be empty
  struct Answer {
    Done done;
    Reply reply;
  };

  void add(Call call, Done done) { waiting_.push_back({std::move(call), std::move(done)}); }

  /// The calls of the next batch, to be sent as one pipeline; they are in flight from now on. Empty when
  /// nothing waits, or while a batch is in flight.
  std::vector<Call> begin();
  bool in_flight() const { return in_flight_; }
  bool waits() const { return !waiting_.empty(); }

  /// The batch in flight has ended: its answers in the order of adding.
  std::vector<Answer> end(std::vector<Reply> replies);
  /// The same, and calls everybody back. What the callbacks add goes with the next batch. Stops when one of
  /// them calls clear().
  void answer(std::vector<Reply> replies);

  /// Forgets what waits and what is in flight: the connection is lost, or the state that asked is thrown
  /// away.
  void clear();

 private:
  struct Item {
    Call call;
    Done done;
  };
  std::vector<Item> waiting_;
  std::vector<Done> asked_;  ///< of the batch in flight
  bool in_flight_ = false;
  Generation generation_;
};

}  // namespace headrace::store
