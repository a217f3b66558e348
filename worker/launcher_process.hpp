// SPDX-License-Identifier: Apache-2.0
// One headrace-launcher: its process, and the worker's end of its channel.
#pragma once

#include <sys/types.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "worker/launcher/channel.hpp"

namespace headrace::worker {

class LauncherProcess : public std::enable_shared_from_this<LauncherProcess> {
 public:
  struct Events {
    std::function<void(const json::Value& message)> message;
    std::function<void()> gone;  ///< it has ended, or closed its end
  };

  explicit LauncherProcess(boost::asio::io_context& io) : socket_(io.get_executor()) {}

  /// @param arguments  of the program, without the number of its descriptor
  /// @param env        all of it
  /// @param umask      of the commands; none: this process's
  /// Throws std::runtime_error when it cannot start.
  void launch(const std::string& program, const std::vector<std::string>& arguments,
              std::vector<std::string> env, std::optional<mode_t> umask, Events events);
  void send(const json::Value& message, std::vector<int> descriptors = {});
  /// It sees the end, kills what it runs and leaves. No event comes any more.
  void hang_up();
  /// Whether it has ended; takes its number back then.
  bool reap();
  pid_t pid() const { return pid_; }

 private:
  using Descriptor = boost::asio::posix::basic_stream_descriptor<boost::asio::io_context::executor_type>;
  void wait_read();
  void wait_write();

  Events events_;
  std::unique_ptr<Channel> channel_;
  Descriptor socket_;
  bool writing_ = false;
  pid_t pid_ = 0;
};

}  // namespace headrace::worker
