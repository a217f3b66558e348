// SPDX-License-Identifier: Apache-2.0
#include "web/logs/redis_log_source.hpp"

#include <algorithm>

namespace headrace::web {
namespace {

constexpr std::size_t kMaxIndexes = 64;

std::string text_of(BuildId build, store::LogName log) {
  return "log " + std::to_string(log.log) + " of step " + std::to_string(log.step) + " of build " +
         std::to_string(build.value);
}

}  // namespace

void RedisLogSource::read(const LogAddress& address, std::int64_t line, Answer answer) {
  if (!store_.connected()) return answer(fail("the log is still in Redis, which cannot be reached"));
  const LogId log{address.build, {address.step, address.log}, address.started_ms};
  const auto known = indexes_.find(log);
  if (known != indexes_.end() && line >= 0 && line < known->second.back())
    return give(log, line, std::move(answer));

  const std::size_t from = known == indexes_.end() ? 0 : known->second.size() - 1;
  store_.read(store::log_index(log.build, log.name, from),
              [this, address, log, line, from,
               answer = std::move(answer)](Result<std::vector<store::ChunkLines>> added) {
                if (!added) return answer(fail("Redis: " + added.error().text));
                // The part before `from` was forgotten meanwhile.
                if (from > 0 && !indexes_.contains(log)) return read(address, line, answer);
                if (extend(log, from, *added).size() == 1) {
                  indexes_.erase(log);
                  return answer(fail(text_of(log.build, log.name) + " is not in Redis"));
                }
                give(log, line, answer);
              });
}

const RedisLogSource::Index& RedisLogSource::extend(const LogId& log, std::size_t from,
                                                    const std::vector<store::ChunkLines>& added) {
  if (indexes_.size() >= kMaxIndexes && !indexes_.count(log)) indexes_.clear();
  Index& index = indexes_[log];
  if (index.empty()) index.push_back(0);
  // Two questions at once may both have read the same part: what is new is kept.
  for (std::size_t i = index.size() - 1 - from; i < added.size(); ++i) {
    index.back() = added[i].first_line;
    index.push_back(added[i].first_line + added[i].lines);
  }
  return index;
}

void RedisLogSource::give(const LogId& log, std::int64_t line, Answer answer) {
  const Index& index = indexes_.at(log);
  if (line < 0 || line >= index.back()) return answer(LogSlice{});
  const auto after = std::upper_bound(index.begin(), index.end() - 1, line);
  const auto chunk = static_cast<std::size_t>(after - index.begin()) - 1;
  store_.read(store::log_chunks(log.build, log.name, chunk, kSliceChunks),
              [this, log, first_line = index[chunk],
               answer = std::move(answer)](Result<std::vector<std::string>> chunks) {
                if (!chunks) return answer(fail("Redis: " + chunks.error().text));
                if (chunks->empty()) {  // moved to its file since the index was read
                  indexes_.erase(log);
                  return answer(fail(text_of(log.build, log.name) + " is not in Redis any more"));
                }
                answer(LogSlice{first_line, std::move(*chunks)});
              });
}

}  // namespace headrace::web
