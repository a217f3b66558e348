// SPDX-License-Identifier: Apache-2.0
#include "model/results.hpp"

#include <array>

namespace headrace {
namespace {
constexpr std::array<std::string_view, 7> kNames = {"success",   "warnings", "failure",  "skipped",
                                                    "exception", "retry",    "cancelled"};
// Position of each verdict in the order from best to worst.
constexpr std::array<int, 7> kRank = {1, 2, 3, 0, 4, 5, 6};
}  // namespace

std::string_view results_name(Results r) { return kNames[static_cast<std::size_t>(r)]; }

std::optional<Results> results_from_name(std::string_view name) {
  for (std::size_t i = 0; i < kNames.size(); ++i)
    if (kNames[i] == name) return static_cast<Results>(i);
  return std::nullopt;
}

std::optional<Results> results_from_int(std::int64_t number) {
  if (number < 0 || number > 6) return std::nullopt;
  return static_cast<Results>(number);
}

Results worst(Results a, Results b) {
  return kRank[static_cast<std::size_t>(a)] >= kRank[static_cast<std::size_t>(b)] ? a : b;
}

Combined combine(const StepFlags& flags, Results r, Results overall) {
  Results possible = r;
  bool terminate = false;
  switch (r) {
    case Results::failure:
      if (!flags.flunk_on_failure) possible = Results::success;
      if (flags.warn_on_failure) possible = Results::warnings;
      if (flags.flunk_on_failure) possible = Results::failure;
      terminate = flags.halt_on_failure;
      break;
    case Results::warnings:
      possible = flags.warn_on_warnings ? Results::warnings : Results::success;
      if (flags.flunk_on_warnings) possible = Results::failure;
      break;
    case Results::exception:
    case Results::retry:
    case Results::cancelled:
      terminate = true;
      break;
    case Results::success:
    case Results::skipped:
      break;
  }
  return {worst(overall, possible), terminate};
}

}  // namespace headrace
