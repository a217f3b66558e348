// SPDX-License-Identifier: Apache-2.0
// What a server bears: libs/limits, or a test's own bounds.
#pragma once

#include <chrono>
#include <cstddef>

#include "limits/limits.hpp"

namespace headrace::http {

/// What a server bears (docs/limits.md).
struct ServerOptions {
  std::size_t max_body_bytes = limits::kBodyBytes;      ///< larger: 413, connection closed
  std::size_t max_header_bytes = limits::kHeaderBytes;  ///< larger: 431, connection closed
  std::size_t max_connections = limits::kConnections;   ///< one more: another one is closed for it
  std::size_t max_connections_per_peer = limits::kConnectionsPerPeer;
  std::size_t max_held_bytes = limits::kHeldBytes;  ///< of all connections: the largest one ends
  std::chrono::seconds idle_time = limits::kIdleTime;
  std::chrono::seconds header_time = limits::kHeaderTime;
  std::chrono::seconds body_silence = limits::kBodySilence;
  std::chrono::seconds body_time = limits::kBodyTime;
  std::chrono::seconds answer_time = limits::kAnswerTime;
  std::size_t slowest_reader = limits::kSlowestReader;  ///< bytes per second
  std::chrono::seconds stream_time = limits::kStreamTime;
};

}  // namespace headrace::http
