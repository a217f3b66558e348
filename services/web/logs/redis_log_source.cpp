// SPDX-License-Identifier: Apache-2.0
#include "web/logs/redis_log_source.hpp"

#include <algorithm>
#include <charconv>
#include <optional>

namespace headrace::web {
namespace {

constexpr std::size_t kMostIndexes = 64;

struct Entry {
  std::int64_t first_line = 0;
  std::int64_t lines = 0;
};

std::optional<Entry> parse_entry(const std::string& text) {
  Entry e;
  const char* const end = text.data() + text.size();
  const auto first = std::from_chars(text.data(), end, e.first_line);
  if (first.ec != std::errc{} || first.ptr == end || *first.ptr != ' ') return std::nullopt;
  const auto lines = std::from_chars(first.ptr + 1, end, e.lines);
  if (lines.ec != std::errc{} || e.lines < 0) return std::nullopt;
  return e;
}

}  // namespace

void RedisLogSource::read(const LogAddress& log, std::int64_t line, Answer answer) {
  if (!store_.connected()) return answer(fail("the log is still in Redis, which cannot be reached"));
  const std::string key =
      store_.keys().log_prefix(log.build) + std::to_string(log.step) + "." + std::to_string(log.log);
  const auto known = indexes_.find(key);
  if (known != indexes_.end() && line >= 0 && line < known->second.back())
    return give(key, line, std::move(answer));

  const std::size_t from = known == indexes_.end() ? 0 : known->second.size() - 1;
  store_.command({"LRANGE", key + ":i", std::to_string(from), "-1"},
                 [this, key, line, from, answer = std::move(answer)](store::RedisReply r) mutable {
                   if (r.is_error()) return answer(fail("Redis: " + r.text));
                   if (indexes_.size() >= kMostIndexes && !indexes_.count(key)) indexes_.clear();
                   Index& index = indexes_[key];
                   if (index.empty()) index.push_back(0);
                   // Two questions at once may both have read the same part: keep what is new.
                   for (std::size_t i = index.size() - 1 - std::min(from, index.size() - 1);
                        i < r.items.size(); ++i) {
                     const auto e = parse_entry(r.items[i].text);
                     if (!e) return answer(fail("log index of " + key + " holds '" + r.items[i].text + "'"));
                     index.back() = e->first_line;
                     index.push_back(e->first_line + e->lines);
                   }
                   if (index.size() == 1) {
                     indexes_.erase(key);
                     return answer(fail("log " + key + " is not in Redis"));
                   }
                   give(key, line, std::move(answer));
                 });
}

void RedisLogSource::give(const std::string& key, std::int64_t line, Answer answer) {
  const Index& index = indexes_.at(key);
  if (line < 0 || line >= index.back()) return answer(LogSlice{});
  const auto after = std::upper_bound(index.begin(), index.end() - 1, line);
  const auto chunk = static_cast<std::size_t>(after - index.begin()) - 1;
  LogSlice slice;
  slice.first_line = index[chunk];
  store_.command(
      {"LRANGE", key + ":c", std::to_string(chunk), std::to_string(chunk + kSliceChunks - 1)},
      [this, key, slice = std::move(slice), answer = std::move(answer)](store::RedisReply r) mutable {
        if (r.is_error()) return answer(fail("Redis: " + r.text));
        if (r.items.empty()) {  // moved to its file since we looked
          indexes_.erase(key);
          return answer(fail("log " + key + " is not in Redis any more"));
        }
        for (auto& item : r.items) slice.chunks.push_back(std::move(item.text));
        answer(std::move(slice));
      });
}

}  // namespace headrace::web
