// SPDX-License-Identifier: Apache-2.0
#include "store/state/log.hpp"

#include <cstdio>

#include "store/fields.hpp"
#include "store/names.hpp"
#include "store/state/site.hpp"

namespace headrace::store {
namespace {

std::string log_key(const Keys& keys, BuildId build, LogName log, const char* part) {
  return keys.log_prefix(build) + name_of(log) + part;
}

}  // namespace

Read<LogExtents> log_extents(BuildId build) {
  return Read<LogExtents>([build](const Keys& keys, auto done) {
    const auto prefix = keys.log_prefix(build);
    return more_rounds<LogExtents>(
        {{"SMEMBERS", prefix + "logs"}}, done, [prefix, done](std::vector<RedisReply> r) {
          std::vector<LogName> names;
          std::vector<Words> commands;
          for (const auto& item : r[0].items) {
            LogName name;
            if (std::sscanf(item.text.c_str(), "%d.%d", &name.step, &name.log) != 2) continue;
            names.push_back(name);
            commands.push_back({"HMGET", prefix + item.text + ":m", "size", "lines", "crc"});
          }
          return last_round<LogExtents>(std::move(commands), done, [names](std::vector<RedisReply> logs) {
            LogExtents out;
            for (std::size_t i = 0; i < names.size(); ++i) {
              const auto& m = logs[i].items;
              if (m.size() != 3 || m[0].text.empty()) continue;
              out[names[i]] = {number_in(m[0].text), number_in(m[1].text),
                               static_cast<std::uint32_t>(number_in(m[2].text))};
            }
            return Result<LogExtents>(std::move(out));
          });
        });
  });
}

Read<std::vector<ChunkLines>> log_index(BuildId build, LogName log, std::size_t from) {
  using Index = std::vector<ChunkLines>;
  return one_round<Index>(
      [=](const Keys& keys) {
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
      [=](const Keys& keys) {
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
  return Read<Builds>([age_ms, limit](const Keys& keys, auto done) {
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
      [](const Keys& keys) {
        return std::vector<Words>{{"ZCARD", keys("logs_to_move")}};
      },
      [](std::vector<RedisReply> r) -> Result<std::int64_t> { return r[0].integer; });
}

}  // namespace headrace::store
