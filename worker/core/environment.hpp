// SPDX-License-Identifier: Apache-2.0
// The environment of a command: the worker's own, with the step's `env` on top, as Buildbot merges them.
#pragma once

#include <map>
#include <string>

#include "json/value.hpp"
#include "result/result.hpp"

namespace headrace::worker {

using Environment = std::map<std::string, std::string>;

/// @param own    the worker's environment
/// @param env    a rendered object: null removes, a list is joined with ':', ${NAME} is the worker's own
///               NAME ("" when unset); PYTHONPATH goes before the worker's
/// Errors: a value that is neither text, number, list nor null; a name with '=' or NUL.
/// Source: buildbot_worker/runprocess.py.
[[nodiscard]] Result<Environment> merge_environment(const Environment& own, const json::Value& env);

}  // namespace headrace::worker
