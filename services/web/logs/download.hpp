// SPDX-License-Identifier: Apache-2.0
// Sends a build log to an HTTP client, slice by slice: a log of any size takes about two slices of memory.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "http/server.hpp"
#include "web/logs/log_source.hpp"
#include "web/logs/pool.hpp"

namespace headrace::web {

/// Which lines of a build log to send, and in which form.
struct Download {
  LogAddress log;
  std::int64_t first_line = 0;
  std::int64_t lines = -1;  ///< at most; -1: all
  http::Response head;      ///< status, type, headers; its body is sent first
  std::string tail;         ///< sent last
  /// Framed lines to bytes. Runs on the pool.
  std::function<std::string(std::string_view framed)> transform;
};

/// Sends the download. Small answers are sent with their length, larger ones chunked, never faster than the
/// client reads. When the log cannot be read the client gets a 404 with the reason or, once the first bytes
/// have been sent, a connection that breaks off.
void send_log(LogSource& source, Pool& pool, Download what, http::ResponderPtr responder);

}  // namespace headrace::web
