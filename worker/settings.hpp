// SPDX-License-Identifier: Apache-2.0
// What the worker's process needs to know; each has a flag and an environment variable.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "clock/clock.hpp"
#include "token/token.hpp"

namespace headrace::worker {

struct Settings {
  std::string base_directory = "worker";
  token::Token token;
  std::size_t spool_bytes = 32u << 20;
  /// Of this process, whatever the server's lease allows; after it the launcher kills the commands.
  milliseconds longest_silence{3'600'000};
  std::string log_level = "info";
  std::string status;    ///< "unix:/path" or "HOST:PORT" for /healthz and /metrics; "" : none
  mode_t umask = 022;    ///< that the process was started with: of what steps make
  int parent_fd = -1;    ///< its end means: stop
  std::string launcher;  ///< path of headrace-launcher
  std::string token_file;
  std::vector<std::string> hide;  ///< what belongs to the site that this worker is a part of: platform::House
};

/// Reads flags and environment; the token's variable is removed from the environment, so that no step
/// sees it. Prints help, version and mistakes itself.
/// @return the settings, or nothing and `exit_status`
std::optional<Settings> read_settings(int argc, char** argv, int& exit_status);

}  // namespace headrace::worker
