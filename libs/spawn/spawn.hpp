// SPDX-License-Identifier: Apache-2.0
// Starts a program without fork: as vfork and exec, whose cost does not grow with the parent's memory, and
// with what posix_spawn lacks (parent-death signal, working directory, which step failed).
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <tl/expected.hpp>
#include <utility>
#include <vector>

namespace headrace::spawn {

struct Command {
  std::vector<std::string> argv;  ///< [0] without a slash is looked up in the PATH of `env`
  std::vector<std::string> env;   ///< "NAME=value", all of it
  std::string directory;          ///< "" : the parent's
  /// Descriptors of the child: {parent's, child's}; every other one is closed in it.
  std::vector<std::pair<int, int>> descriptors;
  bool new_session = false;     ///< setsid: a session and process group of its own
  int parent_death_signal = 0;  ///< sent when the calling thread ends; 0: none
  /// Called in the child with `confine_with`, before it enters its directory. It shares the parent's memory:
  /// only system calls, no allocation. @return 0 or errno, which ends the start
  int (*confine)(const void* with) = nullptr;
  const void* confine_with = nullptr;
  std::optional<mode_t> umask;  ///< none: the parent's
};

struct Failure {
  int error = 0;     ///< errno
  std::string what;  ///< "run", "enter directory", "isolate", "start"
  std::string path;  ///< the program or directory
  std::string text() const;
};

/// The child starts with every signal at its default and none blocked. Several threads wait for each other.
/// @return its process id; the caller reaps it
tl::expected<pid_t, Failure> start(const Command& command);

/// The environment of this process as start() takes it.
std::vector<std::string> own_environment();
/// The folder of the running program.
std::string own_folder();

}  // namespace headrace::spawn
