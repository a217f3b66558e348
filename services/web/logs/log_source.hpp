// SPDX-License-Identifier: Apache-2.0
// Where the text of build logs comes from: Redis while the build runs, files of the log store afterwards.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "model/ids.hpp"
#include "result/result.hpp"

namespace headrace::web {

/// One build log, and what the history knows of it.
struct LogAddress {
  BuildId build;
  int step = 0;
  int log = 0;
  bool complete = false;
  std::int64_t lines = 0;       ///< known to exist; a running log may have more by now
  std::int64_t size_bytes = 0;  ///< the same
  std::int64_t started_ms = 0;  ///< of the build: its number alone may have been another build's before
};

/// Some whole chunks in a row.
struct LogSlice {
  std::int64_t first_line = 0;  ///< of the first chunk
  std::vector<std::string>
      chunks;  ///< encoded (libs/logchunk), at most kSliceChunks; empty: the log ends before
};

/// Chunks of a slice: about 1 MB of text, what one reader of a log costs in memory.
inline constexpr std::size_t kSliceChunks = 16;

class LogSource {
 public:
  using Answer = std::function<void(Result<LogSlice>)>;
  virtual ~LogSource() = default;
  /// Reads the chunks from the one that holds line `line` on. Answers on the loop, once.
  /// Errors: this source does not have the log, or the log is damaged.
  virtual void read(const LogAddress& log, std::int64_t line, Answer answer) = 0;
};

}  // namespace headrace::web
