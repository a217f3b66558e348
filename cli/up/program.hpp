// SPDX-License-Identifier: Apache-2.0
// Which programs `up` runs, and with which words.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

#include "cli/up/settings.hpp"

namespace headrace::cli {

struct Program {
  std::string name;  ///< "redis", "bus", …, "worker-<name>"; of its pid file and its log
  std::vector<std::string> argv;
  std::string status;           ///< socket that answers /healthz; "" : none
  bool watches_parent = true;   ///< reads descriptor 3, whose end is ours
  std::optional<mode_t> umask;  ///< none: that of `up`, which is 077
};

/// Endpoints with their real ports.
struct Endpoints {
  std::string web, intake, workers, bus;
};

Program redis_program(const Layout& layout, const std::string& durability);
/// In the order in which they are started; they are stopped in kStopOrder.
std::vector<Program> service_programs(const Layout& layout, const UpSettings& settings,
                                      const Endpoints& endpoints);
/// @param worker  name of the configuration
Program worker_program(const Layout& layout, const UpSettings& settings, const std::string& worker);

/// First what makes new work, last what everything else stands on. Workers stop before all of these, so
/// that their goodbye still finds a dispatcher.
inline constexpr const char* kStopOrder[] = {"changesource", "scheduler", "dispatcher", "notifier",
                                             "web",          "bus",       "redis"};

}  // namespace headrace::cli
