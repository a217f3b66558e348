// SPDX-License-Identifier: Apache-2.0
// The page's files, embedded in the binary.
#pragma once

#include <optional>

#include "http/server.hpp"

namespace headrace::web {

/// The answer for a path of the page ("/", "/headrace.js" …): 200, or 304 when the client has it already.
/// Nothing: no such file.
std::optional<http::Response> answer_asset(const http::Request& request);

}  // namespace headrace::web
