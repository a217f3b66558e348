// SPDX-License-Identifier: Apache-2.0
// What simulated commands do: what they write and how they end follows from their words alone, so that
// the stored logs and verdicts can be compared with it afterwards.
#pragma once

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
  int times = 0;           ///< more than 1 is wrong
  bool disturbed = false;  ///< killed, or lost with its worker
};
using StartedSteps = std::map<std::vector<std::string>, Started>;

}  // namespace headrace::simulation
