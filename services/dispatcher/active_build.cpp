// SPDX-License-Identifier: Apache-2.0
#include "dispatcher/active_build.hpp"

namespace headrace::dispatcher {

std::map<store::LogName, std::int64_t> log_sizes(const ActiveBuild& build) {
  std::map<store::LogName, std::int64_t> out;
  for (const auto& [name, log] : build.logs) out[name] = log.committed.size_bytes;
  return out;
}

void close_lost(wire::Build& build, Results results, const store::LogExtents& logs, std::int64_t now_ms) {
  for (auto& step : build.steps) {
    if (!step.results) {
      step.results = results;
      step.complete_ms = now_ms;
      step.state_string += step.state_string.empty() ? "worker lost" : " (worker lost)";
    }
    for (auto& log : step.logs) {
      if (log.complete) continue;
      const auto found = logs.find({step.number, log.index});
      const auto extent = found == logs.end() ? store::LogExtent{} : found->second;
      log.size_bytes = extent.size_bytes;
      log.lines = extent.lines;
      log.crc = extent.crc;
      log.complete = log.incomplete = true;
    }
  }
  build.results = results;
  build.complete_ms = now_ms;
  switch (results) {
    case Results::cancelled:
      build.state_string = "build cancelled, worker lost";
      break;
    case Results::exception:
      build.state_string = "worker lost too often";
      break;
    default:
      build.state_string = "worker lost, build is retried";
      break;
  }
}

}  // namespace headrace::dispatcher
