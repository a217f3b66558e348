// SPDX-License-Identifier: Apache-2.0
// Build logs of running builds, from Redis.
#pragma once

#include <map>
#include <utility>
#include <vector>

#include "store/client.hpp"
#include "store/state/log.hpp"
#include "web/logs/log_source.hpp"

namespace headrace::web {

class RedisLogSource : public LogSource {
 public:
  explicit RedisLogSource(store::Client& store) : store_(store) {}
  void read(const LogAddress& log, std::int64_t line, Answer answer) override;

 private:
  // When the build was started tells it from one that had its number before Redis went back.
  struct LogId {
    BuildId build;
    store::LogName name;
    std::int64_t started_ms = 0;
    auto operator<=>(const LogId&) const = default;
  };
  // First line of each chunk and, last, of the one to come. A log only grows, so the part that is known is
  // not read again; the index of a log that has gone from Redis (moved to its file) is forgotten.
  using Index = std::vector<std::int64_t>;

  /// The index of the log with `added`, which begins at chunk `from`.
  const Index& extend(const LogId& log, std::size_t from, const std::vector<store::ChunkLines>& added);
  void give(const LogId& log, std::int64_t line, Answer answer);

  store::Client& store_;
  std::map<LogId, Index> indexes_;
};

}  // namespace headrace::web
