// SPDX-License-Identifier: Apache-2.0
// The second connection to Redis: log bytes travel here, so that they never delay offers.
#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "generation/generation.hpp"
#include "store/batch.hpp"
#include "store/client.hpp"

namespace headrace::dispatcher {

class LogLane {
 public:
  LogLane(boost::asio::io_context& io, store::Settings settings) : client_(io, std::move(settings)) {}

  /// @param lost  called once when the connection ends; whatever was in flight is dropped
  void connect(std::function<void()> up, std::function<void(std::string)> lost);
  /// Adds to the next batch; one batch is in flight at a time.
  void append(store::Call call, std::function<void(store::Reply)> done);
  void read(std::vector<std::string> words, std::function<void(store::RedisReply)> done);
  /// Forgets everything that waits.
  void clear();
  bool connected() const { return client_.connected(); }

 private:
  void flush();

  store::Client client_;
  store::Batch batch_;
  Generation generation_;
};

}  // namespace headrace::dispatcher
