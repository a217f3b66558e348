// SPDX-License-Identifier: Apache-2.0
// Which builds a reporter tells of: Buildbot's modes, ORed, and its filters, ANDed.
// Source: buildbot/reporters/generators/utils.py, BuildStatusGeneratorMixin.
#pragma once

#include "config/site.hpp"
#include "notifier/build_report.hpp"

namespace headrace::notifier {

/// @param mode      "change" (differs from the previous build's), "failing", "passing", "problem" (failing
///                  after something else), "warnings", "exception", "cancelled"
/// @param previous  nothing: there is no earlier build, then "change" and "problem" say no
/// RETRY is never told of.
bool mode_wants(const std::vector<std::string>& mode, Results results, std::optional<Results> previous);

/// Uses the build, the verdicts and the tags of the report. A reporter of some kinds (http) tells of every
/// end when it has no modes; every filter that is not set lets everything pass. Branches are globs.
bool wants(const config::Reporter& reporter, const BuildReport& report);

}  // namespace headrace::notifier
