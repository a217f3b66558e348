// SPDX-License-Identifier: Apache-2.0
// One external command of a step: its header lines, time-outs and end, with Buildbot's words.
// Source: buildbot_worker/runprocess.py.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "git/address.hpp"
#include "worker/core/actions.hpp"
#include "worker/core/step_logs.hpp"

namespace headrace::worker {

struct CommandSpec {
  std::vector<std::string> argv;
  std::string display;    ///< first line of the log: the command as typed
  std::string directory;  ///< absolute
  std::map<std::string, std::string> env;
  std::optional<std::string> input;
  bool log_environ = true;
  milliseconds timeout{0};   ///< without output; 0: none
  milliseconds max_time{0};  ///< in all; 0: none
  std::int64_t max_lines = 0;
  milliseconds sigterm{0};
  bool quiet = false;           ///< nothing of it goes into the log
  bool collect = false;         ///< keep its stdout (at most 64 KiB)
  bool hide_passwords = false;  ///< the log shows addresses without them
  std::optional<Isolation> isolation;
};

struct CommandEnd {
  int rc = 0;  ///< -1: killed; 126, 127: could not start
  bool timed_out = false;
  bool max_lines_reached = false;
  bool interrupted = false;
  bool could_not_start = false;  ///< for a reason that is not the command's: disk, memory, directory
  std::string output;            ///< when collected
};

class CommandRun {
 public:
  /// @param log  index of the log in `logs` that takes headers and output
  CommandRun(CommandSpec spec, ExecId exec, StepLogs& logs, int log);

  ExecId exec() const { return exec_; }
  void start(Actions& actions, Now now);
  /// @return the end, when this is it; also of a command that even SIGKILL does not end
  std::optional<CommandEnd> on(const CommandInput& input, Actions& actions, Now now);
  /// Kills it because somebody said so.
  void interrupt(Actions& actions, Now now);
  std::optional<MonoTime> next_wake() const;

 private:
  using End = std::optional<CommandEnd>;
  End handle(const CommandOutput& output, Actions& actions, Now now);
  End handle(const Exit& exit, Actions& actions, Now now);
  End handle(const SpawnFailure& failure, Actions& actions, Now now);
  End handle(const ReadingPaused& reading, Actions& actions, Now now);
  End handle(const TimerDue& timer, Actions& actions, Now now);
  void header(const std::string& text, Now now);
  void show(char channel, std::string_view bytes, Now now);
  void kill(const std::string& why, Actions& actions, Now now);
  CommandEnd ended(int rc, Now now);

  CommandSpec spec_;
  ExecId exec_;
  StepLogs& logs_;
  int log_;
  MonoTime started_{};
  MonoTime last_output_{};
  std::int64_t lines_ = 0;
  bool paused_ = false;
  std::map<char, git::PasswordFilter> filters_;  // by channel, when passwords are hidden
  std::optional<MonoTime> give_up_;              // set when it is being killed
  CommandEnd end_;
};

}  // namespace headrace::worker
