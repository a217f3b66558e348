// SPDX-License-Identifier: Apache-2.0
// The process's own log: spdlog on stderr, one line a fact, `sentence key=value`.
#pragma once

#include <spdlog/spdlog.h>

#include <string>

namespace headrace {

/// Sets up the process-wide logger.
/// @param process  shown in every line, e.g. "dispatcher"
/// @param level    trace, debug, info, warn, error; anything else means info
void start_logging(const std::string& process, const std::string& level);

}  // namespace headrace
