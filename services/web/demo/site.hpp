// SPDX-License-Identifier: Apache-2.0
// A made-up site and what its builds print: five builders, three workers, a handful of people.
#pragma once

#include <random>
#include <string>
#include <vector>

#include "config/site.hpp"
#include "model/results.hpp"
#include "web/history/projection.hpp"
#include "wire/records.hpp"

namespace headrace::web::demo {

config::Site site();
Names names();

/// One step as it would go.
struct StepScript {
  std::string name;
  double seconds = 1;
  std::int64_t lines = 10;
  Results results = Results::success;
};
/// One build as it would go; the worst step gives the result.
struct BuildScript {
  std::vector<StepScript> steps;
  Results results = Results::success;
  std::string state_string;
};

using Random = std::mt19937_64;
BuildScript script(const std::string& builder, Random& random);
wire::Change change(Random& random, std::int64_t when_ms);

/// Framed line `number` of a step's log: headers, compiler lines, warnings on stderr, colours.
std::string log_line(const std::string& builder, const StepScript& step, std::int64_t number);

}  // namespace headrace::web::demo
