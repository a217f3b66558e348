// SPDX-License-Identifier: Apache-2.0
// What the worker's core is told and what it wants done: the seam between deciding (core/) and doing
// (service, launcher; in tests a simulated executor and network).
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "clock/clock.hpp"
#include "model/ids.hpp"

namespace headrace::worker {

/// The instant of an input, by both clocks. Waits and leases count in `mono`, records in `wall`.
struct Now {
  MonoTime mono;
  WallTime wall;
};

/// The machine that the core runs on; set once.
struct Machine {
  std::string base_directory;                      ///< absolute; builds have their directories below
  std::map<std::string, std::string> environment;  ///< that commands inherit, without the worker's secrets
  std::map<std::string, std::string> facts;        ///< host, system, numcpus …: %(worker:host)s
  std::string isolation_obstacle;                  ///< why it cannot isolate commands; "": it can
  std::string isolation_caveat;                    ///< why it should not unless it has to; "": nothing
};

/// Names one running command of this worker's life, from 1.
using ExecId = Id<struct ExecTag>;

/// A portion of what a command writes.
struct CommandOutput {
  char channel = 'o';  ///< 'o' stdout, 'e' stderr
  std::string_view bytes;
};

/// How a command ended.
struct Exit {
  int code = 0;       ///< when `signal` is 0
  int signal = 0;     ///< that killed it
  bool lost = false;  ///< killed because the worker was silent for its lease, or with its launcher: the build
                      ///< is lost
};

/// Why a command could not start.
struct SpawnFailure {
  int error = 0;     ///< errno
  std::string what;  ///< "run", "enter directory", "make directory", "start"
  std::string path;  ///< that was tried
};

/// Its output is no longer read, or is read again. While it is not, silence is not the command's fault.
struct ReadingPaused {
  bool paused = true;
};

/// The instant of next_wake has come.
struct TimerDue {};

/// What a step is told of its running command. The launcher says the first three; the core adds the others.
using CommandInput = std::variant<CommandOutput, Exit, SpawnFailure, ReadingPaused, TimerDue>;

/// What a command may reach on its machine.
struct Isolation {
  std::string build_directory;                  ///< where it may do everything
  std::vector<std::string> readable, writable;  ///< beside the system's directories; absolute
  bool own = false;                             ///< Headrace's own command, not the build's: a checkout
};

// What the core wants done, in order.

/// Drop the socket, open a new one to the next dispatcher. What was queued on the old one is lost.
struct Connect {
  bool in_vain = false;  ///< nobody welcomed this worker on the old one: a person should hear of it
};

struct Send {
  std::string name;
  std::string body;
};

/// Run a command. Its CommandOutput comes, then exactly one Exit or SpawnFailure, after the last output and
/// when no descendant of the command is left.
struct StartCommand {
  ExecId exec;
  std::vector<std::string> argv;           ///< [0] is looked up in the PATH of `env`
  std::string directory;                   ///< absolute; made when it does not exist
  std::map<std::string, std::string> env;  ///< all of it
  std::optional<std::string> input;        ///< for stdin; none: empty
  std::optional<Isolation> isolation;      ///< none: it may reach what the worker may
};

/// Kill it and every descendant: SIGTERM, after `sigterm` SIGKILL; 0: SIGKILL at once.
struct KillCommand {
  ExecId exec;
  milliseconds sigterm{0};
};

/// Its output interests nobody any more; its Exit still comes.
struct DiscardOutput {
  ExecId exec;
};

/// Stop (or go on) reading its output, so that it waits in its write.
struct SetReading {
  ExecId exec;
  bool on = true;
};

/// A line for the process's log.
struct Note {
  enum class Level { info, warn };
  Level level = Level::info;
  std::string text;
};

/// Everything is done after on_stop.
struct Quit {};

using Action = std::variant<Connect, Send, StartCommand, KillCommand, DiscardOutput, SetReading, Note, Quit>;
using Actions = std::vector<Action>;

}  // namespace headrace::worker
