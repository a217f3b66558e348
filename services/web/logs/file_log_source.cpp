// SPDX-License-Identifier: Apache-2.0
#include "web/logs/file_log_source.hpp"

#include <algorithm>

namespace headrace::web {
namespace {
constexpr std::size_t kMaxOpen = 16;
}

void FileLogSource::read(const LogAddress& log, std::int64_t line, Answer answer) {
  pool_.run([this, log, line, answer = std::move(answer)]() mutable -> Pool::Answer {
    return [answer = std::move(answer), result = slice(log, line)]() mutable { answer(std::move(result)); };
  });
}

Result<LogSlice> FileLogSource::slice(const LogAddress& log, std::int64_t line) {
  const logstore::LogId id{log.build, log.step, log.log, log.started_ms};
  const auto path = logstore::path_of(store_, id);
  auto found = std::find_if(open_.begin(), open_.end(), [&](const Open& o) { return o.path == path; });
  if (found == open_.end()) {
    std::optional<logstore::Known> known;
    if (log.complete) known = {log.lines, log.size_bytes};
    auto reader = logstore::Reader::open(store_, id, known);
    if (!reader) return tl::unexpected(reader.error());
    open_.push_front({path, std::move(*reader)});
    if (open_.size() > kMaxOpen) open_.pop_back();
  } else {
    open_.splice(open_.begin(), open_, found);
  }
  const auto& reader = open_.front().reader;
  const std::size_t first = reader.chunk_of_line(line);
  LogSlice slice;
  if (first == reader.index().size()) return slice;
  slice.first_line = reader.index()[first].first_line;
  for (std::size_t i = first; i < reader.index().size() && slice.chunks.size() < kSliceChunks; ++i) {
    auto chunk = reader.chunk(i);
    if (!chunk) return tl::unexpected(chunk.error());
    slice.chunks.push_back(std::move(*chunk));
  }
  return slice;
}

}  // namespace headrace::web
