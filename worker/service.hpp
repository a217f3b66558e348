// SPDX-License-Identifier: Apache-2.0
// The worker's process: one loop with the ZeroMQ socket, the launcher and the timers around the core.
#pragma once

#include <boost/asio/steady_timer.hpp>
#include <memory>
#include <optional>
#include <string>

#include "bus/socket.hpp"
#include "process/loop.hpp"
#include "process/status_page.hpp"
#include "worker/core/core.hpp"
#include "worker/launcher_client.hpp"
#include "worker/platform/base_directory.hpp"
#include "worker/settings.hpp"

namespace headrace::worker {

class WorkerService {
 public:
  /// Starts the first launcher, and ends what an earlier life has left. Throws when it cannot.
  WorkerService(const Settings& settings, const platform::BaseDirectory& base);
  ~WorkerService();

  /// Until SIGTERM, SIGINT, the parent's end or a failure. @return exit status
  int run();
  /// As SIGTERM.
  void stop(const std::string& reason);
  boost::asio::io_context& io() { return loop_.io(); }
  CoreStatus status() const { return core_.status(); }

 private:
  void perform();
  void perform(const Action& action);
  void connect(bool in_vain);
  void arm_timer();
  static CoreSettings core_settings(const Settings& settings, const platform::BaseDirectory& base);
  static Now now() { return {mono_now(), wall_now()}; }

  Settings settings_;
  std::string marker_;
  process::Loop loop_;
  WorkerCore core_;
  std::unique_ptr<LauncherClient> launcher_;
  std::unique_ptr<bus::Context> zmq_;
  std::unique_ptr<bus::Socket> socket_;
  std::size_t endpoint_ = 0;
  std::optional<MonoTime> complained_;
  boost::asio::steady_timer timer_;
  std::optional<MonoTime> armed_;  ///< timer_
  bool quitting_ = false;          ///< timer_ ends the process
  process::Metrics metrics_;
  process::StatusPage status_page_;
  bool performing_ = false;
};

}  // namespace headrace::worker
