// SPDX-License-Identifier: Apache-2.0
#include "dispatcher/active_build.hpp"

namespace headrace::dispatcher {

void close_lost(wire::Build& build, Results results, const std::map<std::pair<int, int>, LogState>& logs,
                std::int64_t now_ms) {
  for (auto& step : build.steps) {
    if (!step.results) {
      step.results = results;
      step.complete_ms = now_ms;
      step.state_string += step.state_string.empty() ? "worker lost" : " (worker lost)";
    }
    for (auto& log : step.logs) {
      if (log.complete) continue;
      const auto found = logs.find({step.number, log.index});
      const auto extent = found == logs.end() ? LogState::Extent{} : found->second.committed;
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
