// SPDX-License-Identifier: Apache-2.0
#include "store/state/outbox.hpp"

#include "store/fields.hpp"
#include "store/state/site.hpp"

namespace headrace::store {
namespace {

using Answers = std::vector<RedisReply>;
using Commands = std::vector<Words>;
using Names = std::vector<std::string>;

Names names_in(const RedisReply& list) {
  Names out;
  for (const auto& item : list.items) out.push_back(item.text);
  return out;
}

}  // namespace

Read<Names> reporters() {
  return one_round<Names>(
      [](const KeyNames& keys) {
        return Commands{{"SMEMBERS", keys("reporters")}};
      },
      [](Answers r) -> Result<Names> { return names_in(r[0]); });
}

Read<DueMessages> due_messages(std::string reporter, std::size_t limit) {
  return Read<DueMessages>([reporter = std::move(reporter), limit](const KeyNames& keys, auto done) {
    const auto due = keys("outbox_due", reporter);
    return more_rounds<DueMessages>({{"TIME"}, {"ZCARD", due}}, done, [due, limit, done](Answers r) {
      DueMessages out;
      out.now_ms = time_in(r[0]);
      out.size = r[1].integer;
      return last_round<DueMessages>(
          {{"ZRANGEBYSCORE", due, "-inf", std::to_string(out.now_ms), "LIMIT", "0", std::to_string(limit)}},
          done, [out](Answers keys_due) -> Result<DueMessages> {
            DueMessages all = out;
            all.keys = names_in(keys_due[0]);
            return all;
          });
    });
  });
}

Read<Names> first_messages(std::string reporter, std::size_t limit) {
  return one_round<Names>(
      [reporter = std::move(reporter), limit](const KeyNames& keys) {
        return Commands{{"ZRANGE", keys("outbox_due", reporter), "0", std::to_string(limit - 1)}};
      },
      [](Answers r) -> Result<Names> { return names_in(r[0]); });
}

Read<std::optional<StoredMessage>> outbox_message(std::string reporter, std::string key) {
  return one_round<std::optional<StoredMessage>>(
      [reporter = std::move(reporter), key = std::move(key)](const KeyNames& keys) {
        return Commands{{"HGET", keys("outbox", reporter), key},
                        {"HGET", keys("outbox_tries", reporter), key}};
      },
      [](Answers r) -> Result<std::optional<StoredMessage>> {
        if (r[0].kind != RedisReply::Kind::string) return std::optional<StoredMessage>();
        return std::optional(StoredMessage{std::move(r[0].text), number_in(r[1].text)});
      });
}

}  // namespace headrace::store
