// SPDX-License-Identifier: Apache-2.0
// What a report says to people, in words.
#pragma once

#include <string>

#include "config/site.hpp"
#include "json/value.hpp"
#include "notifier/build_report.hpp"

namespace headrace::notifier {

/// The build's page: <site.url>#/builders/<name>/builds/<number>.
std::string build_url(const config::Site& site, const wire::Build& build);

/// Buildbot's `status_detected`: "new failure", "failed build", "restored build", "passing build",
/// "problem in the build", "build exception", "cancelled build" …
/// Source: buildbot/reporters/message.py, get_detected_status_text.
std::string status_detected(const std::vector<std::string>& mode, Results results,
                            std::optional<Results> previous);

/// "[failure] Acme: kernel #12 (main) - new failure"
std::string default_subject(const config::Site& site, const config::Reporter& reporter,
                            const BuildReport& report);
/// Result, builder, number, page, worker, reason, sources, changes, and the steps that went wrong.
std::string default_body(const config::Site& site, const config::Reporter& reporter,
                         const BuildReport& report);

/// The table that `subject` and `body` functions get:
///   results, result_name, previous_results, status_detected, mode, reporter, builder, url, title, reason,
///   users (who is interested), changes, build {number, buildid, attempt, builder, worker, results,
///   result_name, state_string, started_at, complete_at, properties {name: value}, sources {codebase: …},
///   changes, steps [{number, name, results, result_name, state_string, hidden, logs [names]}]}
/// Results are Buildbot's numbers, names their words; times are seconds since the epoch; what is not known
/// is nil.
json::Value report_argument(const config::Site& site, const config::Reporter& reporter,
                            const BuildReport& report);

}  // namespace headrace::notifier
