// SPDX-License-Identifier: Apache-2.0
// The dialect of GitLab: pushes, tags, merge requests and notes on them. Source: Buildbot 3.7,
// www/hooks/gitlab.py.
#pragma once

#include "changesource/hooks/outcome.hpp"
#include "http/server.hpp"
#include "json/value.hpp"

namespace headrace::changesource::hooks {

/// Option `secret` is compared with X-Gitlab-Token; `?codebase=` names the changes' codebase, else option
/// `codebase`.
Outcome receive_gitlab(const http::Request& request, const json::Object& options);

}  // namespace headrace::changesource::hooks
