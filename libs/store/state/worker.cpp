// SPDX-License-Identifier: Apache-2.0
#include "store/state/worker.hpp"

#include <algorithm>

#include "store/fields.hpp"
#include "wire/codec.hpp"

namespace headrace::store {
namespace {

using Answers = std::vector<RedisReply>;
using Commands = std::vector<Words>;

void add_commands(const KeyNames& keys, const std::string& name, Commands& commands) {
  commands.push_back({"HMGET", keys("worker", name), "session", "connected", "info"});
  commands.push_back({"HLEN", keys("slots", name)});
}

std::optional<Worker> worker_in(const std::string& name, const RedisReply& fields, const RedisReply& slots) {
  if (fields.items.size() != 3 || fields.items[0].text.empty()) return std::nullopt;
  Worker out;
  out.name = name;
  out.session.value = number_in(fields.items[0].text);
  out.connected = fields.items[1].text == "1";
  if (auto info = wire::decode<wire::WorkerInfo>(fields.items[2].text)) out.info = std::move(*info);
  out.busy_slots = slots.integer;
  return out;
}

}  // namespace

Read<std::vector<Worker>> workers() {
  using Workers = std::vector<Worker>;
  return Read<Workers>([](const KeyNames& keys, auto done) {
    return more_rounds<Workers>({{"SMEMBERS", keys("workers")}}, done, [keys, done](Answers r) {
      std::vector<std::string> names;
      for (const auto& item : r[0].items) names.push_back(item.text);
      std::sort(names.begin(), names.end());
      Commands commands;
      for (const auto& name : names) add_commands(keys, name, commands);
      return last_round<Workers>(std::move(commands), done, [names](Answers all) -> Result<Workers> {
        Workers out;
        for (std::size_t i = 0; i < names.size(); ++i)
          if (auto one = worker_in(names[i], all[2 * i], all[2 * i + 1])) out.push_back(std::move(*one));
        return out;
      });
    });
  });
}

Read<std::optional<Worker>> worker(std::string name) {
  return one_round<std::optional<Worker>>(
      [name](const KeyNames& keys) {
        Commands commands;
        add_commands(keys, name, commands);
        return commands;
      },
      [name](Answers r) -> Result<std::optional<Worker>> { return worker_in(name, r[0], r[1]); });
}

Read<std::vector<RequestId>> claims_of_worker(std::string name) {
  using Requests = std::vector<RequestId>;
  return one_round<Requests>(
      [name](const KeyNames& keys) {
        return Commands{{"HVALS", keys("slots", name)}};
      },
      [](Answers r) -> Result<Requests> {
        Requests out;
        for (const auto& id : r[0].items) out.push_back({number_in(id.text)});
        std::sort(out.begin(), out.end());
        return out;
      });
}

}  // namespace headrace::store
