// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "http/client.hpp"

namespace headrace::cli {

/// What a process says of itself at /healthz, in one line: "ok", a reason, or that it does not answer.
std::string health_text(const http::Reply& reply);

}  // namespace headrace::cli
