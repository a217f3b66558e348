// SPDX-License-Identifier: Apache-2.0
// Everything that a message about a finished build may say, gathered before anything is written.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "model/results.hpp"
#include "result/result.hpp"
#include "wire/events.hpp"
#include "wire/records.hpp"

namespace headrace::notifier {

struct BuildReport {
  wire::Build build;                   ///< whole: with id, number, attempt, times and results
  Results results = Results::success;  ///< of the build
  /// Verdict of the nearest lower number of the same builder that was not RETRY; nothing when there is none.
  std::optional<Results> previous;
  std::int64_t at_ms = 0;  ///< when the event was written, Redis's clock
  std::string tag;         ///< of the event

  // What the event does not carry; the service reads it, see Core::wants.
  std::vector<wire::Change> changes;  ///< of the build, oldest first; those that are still known
  std::optional<wire::Buildset> buildset;
  std::int64_t builder_id = 0;    ///< REST id; 0: unknown
  std::vector<std::string> tags;  ///< of the builder, in the current configuration
};

/// Errors: a body that is no Build. @param tag  of the event
[[nodiscard]] Result<BuildReport> report_from(const wire::BuildFinished& event, std::string tag);

/// By which the receiver can tell a repeat: "12.9f3c01….0". The number of a build alone would not do, because
/// a Redis that has gone back gives numbers a second time: the tag of the event is random.
std::string report_id(const BuildReport& report);

}  // namespace headrace::notifier
