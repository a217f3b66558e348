// SPDX-License-Identifier: Apache-2.0
#include "notifier/report_filter.hpp"

#include <algorithm>

#include "config/configuration.hpp"
#include "config/glob.hpp"
#include "notifier/reporters/reporter_kind.hpp"

namespace headrace::notifier {
namespace {

bool contains(const std::vector<std::string>& list, std::string_view text) {
  return std::find(list.begin(), list.end(), text) != list.end();
}

std::optional<std::string> text_property(const wire::Build& build, std::string_view name) {
  const auto it = build.properties.find(name);
  if (it == build.properties.end() || !it->second.value.is_string()) return std::nullopt;
  return it->second.value.as_string();
}

// As Buildbot the property; a build of several codebases has none, then the branch of any of them.
bool is_of_branch(const std::vector<std::string>& globs, const wire::Build& build) {
  const auto matches = [&](const std::string& branch) {
    return std::any_of(globs.begin(), globs.end(), [&](const std::string& glob) {
      return glob == branch || config::name_glob(glob, branch);
    });
  };
  if (const auto branch = text_property(build, "branch")) return matches(*branch);
  return std::any_of(build.sourcestamps.begin(), build.sourcestamps.end(),
                     [&](const wire::SourceStamp& s) { return s.branch && matches(*s.branch); });
}

}  // namespace

bool mode_wants(const std::vector<std::string>& mode, Results results, std::optional<Results> previous) {
  if (results == Results::retry) return false;
  const bool failed = results == Results::failure;
  return (contains(mode, "change") && previous && *previous != results) ||
         (contains(mode, "failing") && failed) ||
         (contains(mode, "passing") && results == Results::success) ||
         (contains(mode, "problem") && failed && previous && *previous != Results::failure) ||
         (contains(mode, "warnings") && results == Results::warnings) ||
         (contains(mode, "exception") && results == Results::exception) ||
         (contains(mode, "cancelled") && results == Results::cancelled);
}

bool wants(const config::Reporter& reporter, const BuildReport& report) {
  if (report.results == Results::retry) return false;
  const auto* kind = find_reporter_kind(reporter.kind);
  const bool every_end = reporter.mode.empty() && kind && kind->every_end_by_itself;
  if (!every_end && !mode_wants(reporter.mode, report.results, report.previous)) return false;
  if (reporter.builders && !reporter.builders->matches(report.build.builder)) return false;
  if (reporter.schedulers) {
    const auto scheduler = text_property(report.build, "scheduler");
    if (!scheduler || !contains(*reporter.schedulers, *scheduler)) return false;
  }
  if (reporter.branches && !is_of_branch(*reporter.branches, report.build)) return false;
  if (reporter.tags && std::none_of(report.tags.begin(), report.tags.end(),
                                    [&](const std::string& tag) { return contains(*reporter.tags, tag); }))
    return false;
  return true;
}

}  // namespace headrace::notifier
