// SPDX-License-Identifier: Apache-2.0
// A thread for work that blocks or takes long (files, decompression). Answers come on the loop.
#pragma once

#include <boost/asio/io_context.hpp>
#include <functional>
#include <memory>

namespace headrace::web {

class Pool {
 public:
  using Answer = std::function<void()>;
  explicit Pool(boost::asio::io_context& io);
  /// Waits for the job under way; jobs that have not begun are dropped.
  ~Pool();
  /// Runs `job` on the pool's thread and the closure that it returns on the loop. Jobs must not throw.
  void run(std::function<Answer()> job);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace headrace::web
