// SPDX-License-Identifier: Apache-2.0
// The head of an answer as bytes.
#pragma once

#include <optional>
#include <string>

#include "http/server.hpp"

namespace headrace::http {

/// How the end of the body is marked.
enum class Framing { length, chunked, until_close };

/// "HTTP/1.1 200 OK" to the blank line. Line breaks in header values become blanks, so that no value can
/// add a header.
/// @param length  body bytes, used with Framing::length; none is said for 204 and 304
std::string response_head(const Response& response, Framing framing, std::size_t length, int version,
                          bool keep_alive);

/// True for the statuses that never have a body: 1xx, 204, 304.
bool bodiless(int status);

}  // namespace headrace::http
