// SPDX-License-Identifier: Apache-2.0
// Logs of running builds: functions/log.lua. They live in a hash slot of their own for each build.
#pragma once

#include <cstdint>
#include <string>

#include "store/call.hpp"

namespace headrace::store {

/// Names one log of a build.
struct LogName {
  int step = 0;
  int log = 0;
  auto operator<=>(const LogName&) const = default;
};

/// How much of a log there is.
struct LogExtent {
  std::int64_t size_bytes = 0, lines = 0;
  std::uint32_t crc = 0;  ///< CRC-32 of the framed text
  bool operator==(const LogExtent&) const = default;
};

/// Appends a chunk if `offset` is the log's size. Refused: fenced (another claim, or closed), bad.
struct LogAppend {
  static constexpr std::string_view kFunction = "log_append";
  BuildId build;
  std::string nonce;  ///< of the claim
  LogName log;
  std::int64_t offset_bytes = 0;
  std::int64_t size_bytes = 0, lines = 0;  ///< of this chunk, before compression
  std::uint32_t crc_after = 0;             ///< of the whole log with this chunk
  std::string chunk;                       ///< encoded, at most kMaxChunkBytes

  using Answer = LogExtent;  ///< of the log now: the store's word wins
  Call call() const;
  static Outcome<Answer> read(const Reply& reply);
};

/// Drops the logs of a build, which were moved to the log store; a late writer is refused.
struct LogDrop {
  static constexpr std::string_view kFunction = "log_drop";
  BuildId build;

  using Answer = Done;
  Call call() const;
  static Outcome<Answer> read(const Reply& reply);
};

}  // namespace headrace::store
