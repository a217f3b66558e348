// SPDX-License-Identifier: Apache-2.0
// What a question of a worker asks: part of worker_protocol.hpp.
#pragma once

#include <cstdint>
#include <optional>

#include "model/property.hpp"
#include "model/results.hpp"

namespace headrace::wire {

/// The arguments of the verb "call": which function of the configuration, and the build's state now.
struct CallArguments {
  std::int64_t function = 0;  ///< from {"$question": N}
  int step = 0;
  std::optional<Results> results;  ///< of the step, for hide_step_if
  Results build_results = Results::success;
  Properties properties;

  template <class S, class F>
  static void fields(S& s, F&& f) {
    f("function", s.function), f("step", s.step), f("results", s.results);
    f("build_results", s.build_results), f("properties", s.properties);
  }
};

}  // namespace headrace::wire
