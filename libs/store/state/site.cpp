// SPDX-License-Identifier: Apache-2.0
#include "store/state/site.hpp"

#include "store/fields.hpp"
#include "store/names.hpp"
#include "wire/codec.hpp"

namespace headrace::store {
namespace {

using Answers = std::vector<RedisReply>;
using Commands = std::vector<Words>;

std::optional<std::string> text_if_any(RedisReply& reply) {
  if (reply.kind != RedisReply::Kind::string) return std::nullopt;
  return std::move(reply.text);
}

Read<std::optional<std::string>> one_text(std::function<Words(const KeyNames&)> command) {
  return one_round<std::optional<std::string>>(
      [command = std::move(command)](const KeyNames& keys) { return Commands{command(keys)}; },
      [](Answers r) -> Result<std::optional<std::string>> { return text_if_any(r[0]); });
}

}  // namespace

std::int64_t time_in(const RedisReply& reply) {
  return reply.items.size() == 2
             ? number_in(reply.items[0].text) * 1000 + number_in(reply.items[1].text) / 1000
             : 0;
}

Read<std::int64_t> redis_time_ms() {
  return one_round<std::int64_t>([](const KeyNames&) { return Commands{{"TIME"}}; },
                                 [](Answers r) -> Result<std::int64_t> { return time_in(r[0]); });
}

Read<ConfigVersion> config_version() {
  return one_round<ConfigVersion>(
      [](const KeyNames& keys) {
        return Commands{{"HGET", keys("config"), "version"}};
      },
      [](Answers r) -> Result<ConfigVersion> { return ConfigVersion{number_in(r[0].text)}; });
}

Read<std::optional<std::string>> config_files(ConfigVersion version) {
  return one_text([version](const KeyNames& keys) { return Words{"GET", keys("config", version.value)}; });
}

Read<std::map<std::string, std::string>> admitted_public_keys(KeyKind kind) {
  using Names = std::map<std::string, std::string>;
  return one_round<Names>(
      [kind](const KeyNames& keys) {
        return Commands{{"HGETALL", keys("keys", name_of(kind))}};
      },
      [](Answers r) -> Result<Names> {
        Names out;
        for (const auto& [key, name] : Fields(r[0])) out[key] = name;
        return out;
      });
}

Read<std::optional<std::string>> admitted_public_key(KeyKind kind, std::string public_key) {
  return one_text([kind, public_key = std::move(public_key)](const KeyNames& keys) {
    return Words{"HGET", keys("keys", name_of(kind)), public_key};
  });
}

Read<NameIds> name_ids(NameKind kind) {
  return one_round<NameIds>(
      [kind](const KeyNames& keys) {
        return Commands{{"HGETALL", keys("ids", name_of(kind))}};
      },
      [](Answers r) -> Result<NameIds> {
        NameIds out;
        for (const auto& [name, id] : Fields(r[0])) out[name] = number_in(id);
        return out;
      });
}

Read<std::optional<std::int64_t>> name_id(NameKind kind, std::string name) {
  return one_round<std::optional<std::int64_t>>(
      [kind, name = std::move(name)](const KeyNames& keys) {
        return Commands{{"HGET", keys("ids", name_of(kind)), name}};
      },
      [](Answers r) -> Result<std::optional<std::int64_t>> {
        if (r[0].text.empty()) return std::optional<std::int64_t>();
        return std::optional(number_in(r[0].text));
      });
}

Read<LastIds> last_ids() {
  return one_round<LastIds>(
      [](const KeyNames& keys) {
        return Commands{{"HMGET", keys("ids"), "change", "buildset", "request", "build"}};
      },
      [](Answers r) -> Result<LastIds> {
        const auto& ids = r[0].items;
        return LastIds{{number_in(ids.at(0).text)},
                       {number_in(ids.at(1).text)},
                       {number_in(ids.at(2).text)},
                       {number_in(ids.at(3).text)}};
      });
}

Read<std::optional<std::string>> role_owner(std::string role) {
  return one_text([role = std::move(role)](const KeyNames& keys) {
    return Words{"HGET", keys("role", role), "owner"};
  });
}

Read<std::optional<std::string>> poller_state(std::string poller) {
  return one_text([poller = std::move(poller)](const KeyNames& keys) {
    return Words{"HGET", keys("poller"), poller};
  });
}

Read<std::map<std::string, std::string>> poller_problems() {
  using Problems = std::map<std::string, std::string>;
  return one_round<Problems>(
      [](const KeyNames& keys) {
        return Commands{{"HGETALL", keys("poller_problem")}};
      },
      [](Answers r) -> Result<Problems> {
        Problems out;
        for (const auto& [poller, reason] : Fields(r[0])) out[poller] = wire::decode_reason(reason);
        return out;
      });
}

}  // namespace headrace::store
