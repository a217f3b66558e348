// SPDX-License-Identifier: Apache-2.0
// headrace-launcher: the parent of one command at a time of a worker.
//
// It exists so that no command outlives its worker. It is a child subreaper, so whatever a command
// leaves behind (a daemon with a session of its own, an emptied environment) becomes its child, and is that
// command's, because there is no other:
//   - a kill goes to the process group, everything below, and everything that became a child of the launcher,
//     again and again until nothing is left; the exit is reported after that
//   - when a command has ended, what it left is killed too
//   - when the worker is gone (end of the stream), everything is killed and the launcher ends
//   - when the worker is silent for as long as its lease had left, everything is killed and the launcher
//   stays
// When the launcher itself is killed, its command gets SIGKILL, and what that had left becomes the worker's:
// launcher_client.hpp.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "spawn/spawn.hpp"
#include "worker/launcher/channel.hpp"
#include "worker/platform/isolation.hpp"
#include "worker/platform/processes.hpp"

namespace headrace::worker {

struct LauncherSettings {
  int fd = 3;                               ///< its end of the channel
  std::chrono::milliseconds lease{30'000};  ///< of silence, until the worker says what is left of it
  std::string worker_marker;                ///< value of HEADRACE_WORKER
};

class Launcher {
 public:
  explicit Launcher(LauncherSettings settings);
  ~Launcher();
  /// Until the worker is gone. @return exit status
  int run();

 private:
  using Clock = std::chrono::steady_clock;
  struct Step {
    std::int64_t id = 0;
    pid_t pid = 0;
    bool reaped = false;
    int status = 0;  // of waitpid
    bool lost = false;
    enum class Kill { no, term, kill } kill = Kill::no;
    Clock::time_point kill_at{};  // of SIGKILL, while term
  };

  void on_message(const json::Value& message, std::vector<int> descriptors);
  void start(const json::Value& message, std::vector<int> descriptors);
  /// Gives `command` what isolates it. @return errno, 0: done, or there is nothing to do
  int isolate(const json::Value& isolation, spawn::Command& command);
  void reap();
  /// Kills and reports what is due. @return true when something is being killed: look again soon
  bool tend();
  void kill_all(bool lost);
  /// The command, everything below it, and everything that it left behind.
  void signal_step(int signal);
  /// Children of the launcher that are not the living command, with all below them.
  std::vector<platform::Process> orphans() const;
  void watch_silence(Clock::time_point now);
  /// How long until the silence may be too long.
  std::chrono::milliseconds next_look() const;

  LauncherSettings settings_;
  Channel channel_;
  bool open_ = true;        // the worker is there
  bool childless_ = false;  // as waitpid said last
  int signals_ = -1;        // signalfd
  std::optional<Step> step_;
  std::optional<platform::Isolation> isolation_;  // once the worker has said where it lives
  Clock::time_point last_look_{};
  std::chrono::milliseconds silent_{0};
};

}  // namespace headrace::worker
