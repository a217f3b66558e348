// SPDX-License-Identifier: Apache-2.0
// Ids as distinct types: integers, as in Buildbot's REST API, that cannot be mixed up.
#pragma once

#include <compare>
#include <cstdint>
#include <functional>

namespace headrace {

/// An id counted from 1; 0 means "none yet".
template <class Tag>
struct Id {
  std::int64_t value = 0;

  auto operator<=>(const Id&) const = default;
  explicit operator bool() const { return value != 0; }
};

using ChangeId = Id<struct ChangeTag>;
using BuildsetId = Id<struct BuildsetTag>;
using RequestId = Id<struct RequestTag>;
using BuildId = Id<struct BuildTag>;
/// Number of a worker's connection life; a later hello gets a higher one.
using SessionId = Id<struct SessionTag>;
using ConfigVersion = Id<struct ConfigVersionTag>;
/// Position in the event log, from 1, without gaps.
using EventNumber = Id<struct EventNumberTag>;

// Steps and logs have no counters of their own: their ids follow from the build's.
inline constexpr std::int64_t kMaxSteps = 4096;      ///< steps a build may have
inline constexpr std::int64_t kMaxLogsPerStep = 64;  ///< logs a step may have
/// REST id of step `number` (0-based) of a build.
inline std::int64_t step_id(BuildId build, int number) { return build.value * kMaxSteps + number; }
/// REST id of log `index` (0-based) of a step.
inline std::int64_t log_id(BuildId build, int step, int index) {
  return step_id(build, step) * kMaxLogsPerStep + index;
}

}  // namespace headrace

template <class Tag>
struct std::hash<headrace::Id<Tag>> {
  std::size_t operator()(headrace::Id<Tag> id) const noexcept { return std::hash<std::int64_t>{}(id.value); }
};
