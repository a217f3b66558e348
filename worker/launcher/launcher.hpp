// SPDX-License-Identifier: Apache-2.0
// headrace-launcher: the parent of every command of one worker, started before the worker has threads.
//
// It exists so that no command outlives its worker. It is a child subreaper, so whatever a command
// leaves behind (a daemon with a session of its own included) becomes its child and is found:
//   - a kill goes to the process group, everything below, and every orphan that belongs to the command,
//     again and again until nothing is left; the exit is reported after that
//   - when a command has ended, what it left is killed too
//   - when the worker is gone (end of the stream), everything is killed and the launcher ends
//   - when the worker is silent for its lease, everything is killed and the launcher stays
// An orphan belongs to the command in whose session it is, whose marker is in its environment, or in
// whose directory it stands; one that cannot be told is killed when no command runs any more.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "worker/launcher/channel.hpp"
#include "worker/platform/processes.hpp"

namespace headrace::worker {

struct LauncherSettings {
  int fd = 3;                               ///< its end of the channel
  std::chrono::milliseconds lease{30'000};  ///< of silence
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
    pid_t pid = 0;
    std::string marker;
    std::string directory;
    bool reaped = false;
    int status = 0;  // of waitpid
    bool lost = false;
    enum class Kill { no, term, kill } kill = Kill::no;
    Clock::time_point kill_at{};  // of SIGKILL, while term
  };

  void on_message(const json::Value& message, std::vector<int> descriptors);
  void start(const json::Value& message, std::vector<int> descriptors);
  void reap();
  /// Kills and reports what is due. @return true when something is being killed: look again soon
  bool tend();
  void kill_all(bool lost);
  void signal_step(const Step& step, const std::vector<platform::Process>& processes, int signal);
  /// Children of the launcher that are no living commands, by their owner (0: unknown).
  std::map<std::int64_t, std::vector<platform::Process>> orphans();
  std::int64_t owner_of(const platform::Process& process);
  void watch_silence(Clock::time_point now);

  LauncherSettings settings_;
  Channel channel_;
  bool open_ = true;        // the worker is there
  bool childless_ = false;  // as waitpid said last
  int signals_ = -1;        // signalfd
  std::string life_;        // random part of the markers
  std::map<std::int64_t, Step> steps_;
  std::map<std::pair<pid_t, std::uint64_t>, std::int64_t> owners_;  // of orphans seen before
  Clock::time_point last_look_{};
  std::chrono::milliseconds silent_{0};
};

}  // namespace headrace::worker
