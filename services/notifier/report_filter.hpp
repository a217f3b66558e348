// SPDX-License-Identifier: Apache-2.0
// Which builds a reporter tells of: Buildbot's modes, ORed, and its filters, ANDed.
// Source: buildbot/reporters/generators/utils.py, BuildStatusGeneratorMixin.
#pragma once

#include "config/site.hpp"
#include "notifier/report.hpp"

namespace headrace::notifier {

/// @param mode      "change" (differs from the previous build's), "failing", "passing", "problem" (failing
///                  after something else), "warnings", "exception", "cancelled"
/// @param previous  nothing: there is no earlier build, then "change" and "problem" say no
/// RETRY is never told of.
bool mode_wants(const std::vector<std::string>& mode, Results results, std::optional<Results> previous);

/// Uses the build, the verdicts and the tags of the report. An HTTP reporter without modes tells of every
/// end; every filter that is not set lets everything pass. Branches are globs.
bool wants(const config::Reporter& reporter, const Report& report);

}  // namespace headrace::notifier
