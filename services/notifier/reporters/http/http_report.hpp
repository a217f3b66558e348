// SPDX-License-Identifier: Apache-2.0
// A report as the JSON document of an HTTP push, Buildbot's HttpStatusPush.
#pragma once

#include "config/site.hpp"
#include "json/value.hpp"
#include "notifier/build_report.hpp"
#include "notifier/message.hpp"

namespace headrace::notifier {

/// The build with Buildbot's names: number, buildid, results, state_string, complete, started_at and
/// complete_at (seconds since the epoch), properties {name: [value, source]}, builder {name, tags …}, url,
/// buildrequestid, buildset {bsid, reason, sourcestamps …}, steps, prev_build. Beyond Buildbot: `id`, by
/// which the receiver can tell a repeat (also in the header Idempotency-Key), workername, attempt, changes.
json::Value http_document(const config::Site& site, const BuildReport& report, const std::string& key);

Message http_report(const config::Site& site, const BuildReport& report);

}  // namespace headrace::notifier
