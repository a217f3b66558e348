// SPDX-License-Identifier: Apache-2.0
// The life of `headrace up`: Redis, the configuration, every service, the embedded workers; until SIGTERM.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "bus/socket.hpp"
#include "cli/configuration_file.hpp"
#include "cli/up/child.hpp"
#include "cli/up/port.hpp"
#include "cli/up/readiness.hpp"
#include "cli/up/site_link.hpp"

namespace headrace::cli {

class Supervisor {
 public:
  /// @param ports  web, intake, workers, bus
  Supervisor(UpSettings settings, Layout layout, Endpoints endpoints, Endpoints advertised,
             CheckedConfig checked);
  ~Supervisor();

  /// @return exit status: 0 after SIGTERM or SIGINT, 1 or 2 when it could not come up
  int run();

 private:
  Child& add(Program program);
  bool on_child_ended(Child& child, int status);
  void on_connected();
  void start_everything();
  void set_workers(const std::vector<std::string>& names);
  void start_worker(const std::string& name);
  void wait_until_ready();
  void say_up();
  void say_waiting();
  void apply_again();
  void write_control_file();
  void watch_signals();
  void watch_children();
  void watch_logs();
  void fail(int status, const std::string& reason);
  void stop();
  void stop_next();

  UpSettings settings_;
  Layout layout_;
  Endpoints endpoints_, advertised_;
  CheckedConfig checked_;
  bus::KeyPair site_key_;
  boost::asio::io_context io_{1};
  boost::asio::signal_set signals_, child_signal_;
  boost::asio::steady_timer waiting_timer_, log_timer_;
  int pipe_[2] = {-1, -1};  // nobody writes; children hold the read end
  std::map<std::string, std::unique_ptr<Child>> children_;
  std::map<std::string, std::string> workers_;  // name in the configuration → name of its child
  SiteLink site_;
  Readiness readiness_;
  std::deque<std::vector<std::string>> stop_plan_;  // groups, in order
  std::size_t stopping_now_ = 0;
  MonoTime stop_asked_;
  bool applied_ = false, up_ = false, stopping_ = false;
  int exit_status_ = 0;
};

}  // namespace headrace::cli
