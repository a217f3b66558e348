// SPDX-License-Identifier: Apache-2.0
// A program run to its end by start() itself, for tests of start() and of what is started so.
#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <string>
#include <utility>

#include "spawn/spawn.hpp"

namespace headrace::spawn::testing {

struct Ended {
  int status = 0;      ///< as waitpid has it
  std::string output;  ///< stdout and stderr
};

/// Waits for the end of all that hold the output, and of the program.
inline tl::expected<Ended, Failure> run_to_end(Command command) {
  int ends[2];
  EXPECT_EQ(pipe2(ends, O_CLOEXEC), 0);
  command.descriptors = {{ends[1], 1}, {ends[1], 2}};
  const auto pid = start(command);
  close(ends[1]);
  Ended ended;
  char buffer[4096];
  for (ssize_t n; (n = read(ends[0], buffer, sizeof buffer)) > 0;)
    ended.output.append(buffer, static_cast<std::size_t>(n));
  close(ends[0]);
  if (!pid) return tl::unexpected(pid.error());
  waitpid(*pid, &ended.status, 0);
  return ended;
}

}  // namespace headrace::spawn::testing
