// SPDX-License-Identifier: Apache-2.0
// POST requests that control builds (force, stop …). They are refused as long as there is no access control;
// the `headrace` command controls builds through the data directory.
#pragma once

#include <string_view>

#include "http/server.hpp"

namespace headrace::web {

/// The JSON-RPC answer to a control request on `path` (below /api/v2): 403, or what is wrong with it.
http::Response refuse_control(const http::Request& request, std::string_view path);

}  // namespace headrace::web
