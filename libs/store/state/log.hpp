// SPDX-License-Identifier: Apache-2.0
// Logs of running builds as Redis has them, and the builds whose logs are to be moved to the log store.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "store/read.hpp"
#include "store/transitions/log.hpp"

namespace headrace::store {

using LogExtents = std::map<LogName, LogExtent>;

/// Every log of a build that Redis has bytes of.
Read<LogExtents> log_extents(BuildId build);

/// The lines of one chunk of a log.
struct ChunkLines {
  std::int64_t first_line = 0;
  std::int64_t lines = 0;
};
/// The index of a log from chunk `from` on; empty when there is no more, or no such log.
Read<std::vector<ChunkLines>> log_index(BuildId build, LogName log, std::size_t from);
/// At most `count` encoded chunks from chunk `from` on.
Read<std::vector<std::string>> log_chunks(BuildId build, LogName log, std::size_t from, std::size_t count);

/// Finished builds whose logs are still in Redis `age_ms` after their end, oldest first, at most `limit`.
Read<std::vector<BuildId>> builds_with_logs(std::int64_t age_ms, int limit);
/// How many finished builds still have their logs in Redis.
Read<std::int64_t> count_builds_with_logs();

}  // namespace headrace::store
