// SPDX-License-Identifier: Apache-2.0
// Buildbot's own dialect: a change as the fields of a form or a query. Source: Buildbot 3.7,
// www/hooks/base.py.
#pragma once

#include "changesource/hooks/outcome.hpp"
#include "clock/clock.hpp"
#include "http/server.hpp"

namespace headrace::changesource::hooks {

/// Fields: author (or who) and comments, which must be there; revision, branch, files (a JSON list),
/// committer, when_timestamp (or when, seconds), category, revlink, repository, project, codebase, properties
/// (a JSON object).
Outcome receive_base(const http::Request& request, WallTime now);

}  // namespace headrace::changesource::hooks
