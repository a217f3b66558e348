// SPDX-License-Identifier: Apache-2.0
// One process that `up` keeps running: started, started again when it dies, stopped when asked.
#pragma once

#include <sys/types.h>

#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <string>

#include "cli/up/program.hpp"
#include "cli/up/settings.hpp"
#include "clock/clock.hpp"

namespace headrace::cli {

/// One thread: the loop's. All children are in sessions of their own, so that Ctrl-C at the terminal
/// reaches `up` alone and the order of stopping is up's; the kernel ends them when `up` is killed.
class Child {
 public:
  static constexpr milliseconds kBackOffFirst{100}, kBackOffMost{5'000};
  static constexpr seconds kBackOffReset{30};  ///< a life this long was a good one
  static constexpr seconds kStopLimit{10};     ///< from SIGTERM to SIGKILL

  /// @param parent_pipe  read end; its end tells the child that `up` is gone
  Child(boost::asio::io_context& io, const Layout& layout, Program program, int parent_pipe, bool verbose);
  ~Child();
  Child(const Child&) = delete;

  /// Called after each unwanted end, before the next start is planned.
  /// @param status  as waitpid gives it
  /// @return false: do not start it again
  using Ended = std::function<bool(Child&, int status)>;
  void on_ended(Ended callback) { ended_ = std::move(callback); }

  void start();
  /// SIGTERM, later SIGKILL; `done` is called once it is gone.
  void stop(std::function<void()> done);
  void kill();
  /// After SIGCHLD: notices the end, if it is this child that ended.
  void reap();

  const Program& program() const { return program_; }
  pid_t pid() const { return pid_; }
  bool running() const { return pid_ != 0; }
  /// Starts so far, the first included.
  int starts() const { return starts_; }
  /// Until the next start, when it is not running.
  milliseconds back_off() const { return back_off_; }

 private:
  void plan_start();
  void gone(int status);

  const Layout& layout_;
  Program program_;
  int parent_pipe_;
  bool verbose_;
  boost::asio::steady_timer timer_;
  Ended ended_;
  std::function<void()> stopped_;
  pid_t pid_ = 0;
  int starts_ = 0;
  bool stopping_ = false;
  MonoTime started_at_;
  milliseconds back_off_{kBackOffFirst};
};

/// "ended with status 1", "was killed by signal 9".
std::string end_text(int status);

}  // namespace headrace::cli
