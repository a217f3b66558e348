// SPDX-License-Identifier: Apache-2.0
// The second connection to Redis. Log bytes go over this one, so that they never delay offers.
#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "generation/generation.hpp"
#include "store/batch.hpp"
#include "store/client.hpp"

namespace headrace::dispatcher {

class LogConnection {
 public:
  LogConnection(boost::asio::io_context& io, store::Settings settings) : client_(io, std::move(settings)) {}

  /// @param lost  called once when the connection ends; calls in flight are dropped
  void connect(std::function<void()> up, std::function<void(std::string)> lost);
  /// Adds a call to the next batch. One batch is in flight at a time.
  void commit(store::Call call, std::function<void(store::Reply)> done);
  /// @param done  takes a Result of the value
  template <class T, class F>
  void read(const store::Read<T>& question, F done) {
    client_.read(generation_.mark(), question, std::move(done));
  }
  /// Forgets all calls that wait.
  void clear();
  bool connected() const { return client_.connected(); }

 private:
  void flush();

  store::Client client_;
  store::Batch batch_;
  Generation generation_;
};

}  // namespace headrace::dispatcher
