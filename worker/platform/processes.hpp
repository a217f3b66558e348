// SPDX-License-Identifier: Apache-2.0
// Other processes of this machine, through Linux's /proc. Everything may have changed when a call
// returns; whoever kills repeats until nothing is found.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace headrace::worker::platform {

struct Process {
  pid_t pid = 0;
  pid_t parent = 0;
  pid_t session = 0;
  std::uint64_t started = 0;  ///< ticks since boot: with the pid, names a process for good
  char state = '?';           ///< 'Z': ended and not reaped
};

/// Nothing when there is no such process (any more).
std::optional<Process> look_at(pid_t pid);

/// Direct children of `pid`, of all its threads. One small file where the kernel offers it
/// (CONFIG_PROC_CHILDREN), a walk over all processes elsewhere.
std::vector<pid_t> children_of(pid_t pid);
/// `pid` and everything below it, parents first; without those that ended.
std::vector<Process> tree_of(pid_t pid);

std::vector<pid_t> all_processes();

/// Value of NAME in the environment that the process was started with; nothing when it is not set or the
/// process is somebody else's.
std::optional<std::string> environment_value(pid_t pid, std::string_view name);
/// "" when it cannot be told.
std::string working_directory(pid_t pid);

/// Sends `signal` to exactly this process, not to another that got its number.
void send_signal(const Process& process, int signal);

/// Kills every process whose environment has NAME=value, with all below them, until none is left.
/// @return how many were found; gives up after 5 s
int kill_marked(std::string_view name, std::string_view value);

}  // namespace headrace::worker::platform
