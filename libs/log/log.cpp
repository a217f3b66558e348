// SPDX-License-Identifier: Apache-2.0
#include "log/log.hpp"

#include <spdlog/sinks/stdout_sinks.h>

namespace headrace {

void start_logging(const std::string& process, const std::string& level) {
  auto logger = std::make_shared<spdlog::logger>(process, std::make_shared<spdlog::sinks::stderr_sink_st>());
  logger->set_pattern("%Y-%m-%dT%H:%M:%S.%e%z %l %n: %v");
  logger->flush_on(spdlog::level::info);
  auto parsed = spdlog::level::from_str(level);
  // from_str answers `off` for what it does not know, and silence is never what was meant.
  if (parsed == spdlog::level::off && level != "off") parsed = spdlog::level::info;
  logger->set_level(parsed);
  spdlog::set_default_logger(std::move(logger));
}

}  // namespace headrace
