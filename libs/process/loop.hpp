// SPDX-License-Identifier: Apache-2.0
// What every long-running program of Headrace stands on: one thread, one loop, a log, and a clean end by
// SIGTERM, by SIGINT or with the parent.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/signal_set.hpp>
#include <functional>
#include <string>

namespace headrace::process {

class Loop {
 public:
  /// Sets up the log, and ignores SIGPIPE: a peer that dies in between costs its connection, not the process.
  /// Starts no thread.
  /// @param name       shown in every line of the log
  /// @param log_level  as start_logging takes it
  Loop(const std::string& name, const std::string& log_level);
  Loop(const Loop&) = delete;

  boost::asio::io_context& io() { return io_; }

  /// A pipe whose other end the parent holds: its end counts as SIGTERM. Negative: there is none.
  void watch_parent(int descriptor);

  /// Runs until end(). `asked` is called once, when somebody wants the process to end; it calls end() in its
  /// time.
  /// @return the status that end() was given
  int run(std::function<void(const std::string& reason)> asked);
  void end(int status = 0);

 private:
  void ask(const std::string& reason);

  boost::asio::io_context io_{1};
  boost::asio::signal_set signals_;
  boost::asio::posix::stream_descriptor parent_;
  std::function<void(const std::string&)> asked_;
  int status_ = 0;
};

}  // namespace headrace::process
