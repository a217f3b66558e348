// SPDX-License-Identifier: Apache-2.0
// The intake's front door: finds the dialect of a request and lets it read the changes.
//
// Everything here is a pure function of the request and the hook's options: whoever serves HTTP asks the
// questions that come back, records the changes, and answers 2xx only then.
// Source: Buildbot 3.7, www/change_hook.py and www/hooks/.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "changesource/hooks/outcome.hpp"
#include "clock/clock.hpp"
#include "config/site.hpp"
#include "http/server.hpp"

namespace headrace::changesource::hooks {

/// True for the paths that belong to hooks: "/change_hook" and everything that begins with it.
bool is_hook_path(const std::string& path);

/// @param request  GET or POST /change_hook/<dialect>; without a dialect: base
/// @param hooks    those configured; any other dialect is refused
/// @param now      the time of changes whose sender gives none
Outcome receive(const http::Request& request, const std::vector<config::Hook>& hooks, WallTime now);

/// What is wrong with a hook's declaration (an unknown option, a pattern that does not compile, strict
/// without a secret), for the check of the configuration; nullopt when nothing is.
std::optional<std::string> problem_of(const config::Hook& hook);

}  // namespace headrace::changesource::hooks
