// SPDX-License-Identifier: Apache-2.0
// What simulated commands do: what they write and how they end follows from their words alone, so that
// the stored logs and verdicts can be compared with it afterwards.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace headrace::simulation {

struct Step {
  struct Print {
    char channel = 'o';
    std::string bytes;
  };
  std::vector<Print> prints;
  int exit_code = 0;

  std::string written(char channel) const;
};

/// @param argv  {"step", builder, build number, step name, the word of the configuration's version}
Step step_of(const std::vector<std::string>& argv);

/// What really happened to one started command.
struct Started {
  int times = 0;               ///< more than 1 is wrong
  bool disturbed = false;      ///< killed, or lost with its worker
  std::int64_t at_ms = 0;      ///< when it was started last
  std::int64_t killed_ms = 0;  ///< when the launcher of a worker that stood still killed it; 0: it did not
};
using StartedSteps = std::map<std::vector<std::string>, Started>;

}  // namespace headrace::simulation
