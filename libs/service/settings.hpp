// SPDX-License-Identifier: Apache-2.0
// What every service process is told on its command line or in its environment.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "arguments/arguments.hpp"
#include "store/client.hpp"

namespace headrace::service {

struct RunnerSettings {
  store::Settings store;
  std::string bus_publish;    ///< HEADRACE_BUS_PUBLISH, where the bus takes events: ipc://… or tcp://…
  std::string bus_subscribe;  ///< HEADRACE_BUS_SUBSCRIBE, where it gives them
  std::string site_key;       ///< HEADRACE_SITE_KEY, file with the site's CURVE key pair; needed for tcp://
  std::string data;           ///< HEADRACE_DATA, directory for logs and history
  std::string status;         ///< HEADRACE_STATUS, address of /healthz and /metrics: unix:/path or host:port
  std::string log_level = "info";  ///< HEADRACE_LOG_LEVEL
  int parent_fd = -1;              ///< HEADRACE_PARENT_FD, a pipe of the parent: its end is ours
};

/// Reads flags and environment. More options can be added by `extend`.
/// @return settings, or the exit status with which to end (help, version, wrong usage → 2)
struct Parsed {
  RunnerSettings host;
  std::optional<int> exit_status;
};
Parsed parse_settings(int argc, char** argv, const std::string& program, const std::string& what,
                      const std::function<void(arguments::Command&)>& extend = {});

}  // namespace headrace::service
