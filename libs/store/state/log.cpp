// SPDX-License-Identifier: Apache-2.0
#include "store/state/log.hpp"

#include <cstdio>

#include "store/fields.hpp"
#include "store/names.hpp"
#include "store/state/site.hpp"
#include "store/state/stored.hpp"

namespace headrace::store {
namespace {

std::string log_key(const KeyNames& keys, BuildId build, LogName log, const char* part) {
  return keys.log_prefix(build) + name_of(log) + part;
}

}  // namespace

Words log_state_words(const KeyNames& keys, BuildId build) {
  return {"FCALL", "headrace1_log_state", "1", keys.log_prefix(build)};
}

// [step, log, size, lines, crc, …]
LogExtents log_extents_in(const RedisReply& answer) {
  LogExtents out;
  for (std::size_t i = 0; i + 4 < answer.items.size(); i += 5) {
    const auto number = [&](std::size_t at) { return number_in(answer.items[i + at].text); };
    out[{static_cast<int>(number(0)), static_cast<int>(number(1))}] = {number(2), number(3),
                                                                       static_cast<std::uint32_t>(number(4))};
  }
  return out;
}

Read<LogExtents> log_extents(BuildId build) {
  return one_round<LogExtents>(
      [build](const KeyNames& keys) { return std::vector<Words>{log_state_words(keys, build)}; },
      [](std::vector<RedisReply> r) -> Result<LogExtents> { return log_extents_in(r[0]); });
}

Read<std::vector<ChunkLines>> log_index(BuildId build, LogName log, std::size_t from) {
  using Index = std::vector<ChunkLines>;
  return one_round<Index>(
      [=](const KeyNames& keys) {
        return std::vector<Words>{{"LRANGE", log_key(keys, build, log, ":i"), std::to_string(from), "-1"}};
      },
      [=](std::vector<RedisReply> r) -> Result<Index> {
        Index out;
        for (const auto& item : r[0].items) {  // "<first line> <lines> <offset> <size>"
          long long first = 0, lines = 0;
          if (std::sscanf(item.text.c_str(), "%lld %lld", &first, &lines) != 2 || lines < 0)
            return fail("the index of log " + name_of(log) + " of build " + std::to_string(build.value) +
                        " holds '" + item.text + "'");
          out.push_back({first, lines});
        }
        return out;
      });
}

Read<std::vector<std::string>> log_chunks(BuildId build, LogName log, std::size_t from, std::size_t count) {
  using Chunks = std::vector<std::string>;
  return one_round<Chunks>(
      [=](const KeyNames& keys) {
        return std::vector<Words>{{"LRANGE", log_key(keys, build, log, ":c"), std::to_string(from),
                                   std::to_string(from + count - 1)}};
      },
      [](std::vector<RedisReply> r) -> Result<Chunks> {
        Chunks out;
        for (auto& item : r[0].items) out.push_back(std::move(item.text));
        return out;
      });
}

Read<std::vector<BuildId>> builds_with_logs(std::int64_t age_ms, int limit) {
  using Builds = std::vector<BuildId>;
  return Read<Builds>([age_ms, limit](const KeyNames& keys, auto done) {
    return more_rounds<Builds>({{"TIME"}}, done, [=](std::vector<RedisReply> r) {
      const auto before = std::to_string(time_in(r[0]) - age_ms);
      return last_round<Builds>(
          {{"ZRANGEBYSCORE", keys("logs_to_move"), "-inf", before, "LIMIT", "0", std::to_string(limit)}},
          done, [](std::vector<RedisReply> ids) -> Result<Builds> {
            Builds out;
            for (const auto& id : ids[0].items) out.push_back({number_in(id.text)});
            return out;
          });
    });
  });
}

Read<std::int64_t> count_builds_with_logs() {
  return one_round<std::int64_t>(
      [](const KeyNames& keys) {
        return std::vector<Words>{{"ZCARD", keys("logs_to_move")}};
      },
      [](std::vector<RedisReply> r) -> Result<std::int64_t> { return r[0].integer; });
}

}  // namespace headrace::store
