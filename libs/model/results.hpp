// SPDX-License-Identifier: Apache-2.0
// The seven verdicts and how they combine, with Buildbot's numbers and rules.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace headrace {

/// Verdict of a step, a build, a request or a buildset. Numbers are Buildbot's.
enum class Results : std::int8_t {
  success = 0,
  warnings = 1,
  failure = 2,
  skipped = 3,
  exception = 4,
  retry = 5,
  cancelled = 6,
};

std::string_view results_name(Results r);
std::optional<Results> results_from_name(std::string_view name);
/// The verdict with this number; nothing for a number outside 0–6.
std::optional<Results> results_from_int(std::int64_t number);

/// cancelled > retry > exception > failure > warnings > success > skipped.
Results worst(Results a, Results b);

/// How a step's result weighs in its build. The defaults are those of a bare step.
struct StepFlags {
  bool halt_on_failure = false;
  bool flunk_on_failure = true;
  bool warn_on_failure = false;
  bool flunk_on_warnings = false;
  bool warn_on_warnings = false;
  bool always_run = false;
};

struct Combined {
  Results overall;
  bool terminate;  ///< true: from now on only steps with always_run
};

/// Adds a step's result `r` to the build's result so far.
Combined combine(const StepFlags& flags, Results r, Results overall);

}  // namespace headrace
