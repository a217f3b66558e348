// SPDX-License-Identifier: Apache-2.0
// What simulated commands do: what they write and how they end follows from their words alone, so that
// the stored logs and verdicts can be compared with it afterwards.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "clock/clock.hpp"

namespace headrace::simulation {

/// A step of this name runs for a minute and prints nothing.
inline constexpr const char* kLongStep = "long";

struct Step {
  struct Print {
    char channel = 'o';
    std::string bytes;
  };
  std::vector<Print> prints;
  int exit_code = 0;
  milliseconds time{0};  ///< before the first print

  std::string written(char channel) const;
};

/// @param argv  {"step", builder, build number, step name}
Step step_of(const std::vector<std::string>& argv);

/// What really happened to one started command.
struct Started {
  int times = 0;           ///< more than 1 is wrong
  bool disturbed = false;  ///< killed, or lost with its worker
};
using StartedSteps = std::map<std::vector<std::string>, Started>;

}  // namespace headrace::simulation
