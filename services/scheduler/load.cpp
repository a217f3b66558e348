// SPDX-License-Identifier: Apache-2.0
#include "scheduler/load.hpp"

#include "wire/codec.hpp"

namespace headrace::scheduler {
namespace {

struct Loading {
  events::Cursor cursor;
  std::map<ListName, WaitingList> lists;
};
using State = std::shared_ptr<Loading>;

ListName parse_name(const std::string& text) {
  const auto split = text.find('\x1f');
  return {text.substr(0, split), split == std::string::npos ? "" : text.substr(split + 1)};
}

void read_list(const store::Keys& keys, const Read& read, const State& state, const std::string& name) {
  read({"LRANGE", keys("wait:" + name), "0", "-1"}, [keys, read, state, name](store::RedisReply entries) {
    if (entries.items.empty()) return;
    auto& list = state->lists[parse_name(name)];
    std::vector<std::string> get = {"HMGET", keys("changes")};
    for (const auto& entry : entries.items) {
      const auto blank = entry.text.find(' ');
      WaitingChange w;
      w.change.id.value = std::stoll(entry.text);
      w.important = entry.text.substr(blank + 1) == "1";
      get.push_back(entry.text.substr(0, blank));
      list.changes.push_back(std::move(w));
    }
    read(get, [state, name](store::RedisReply bodies) {
      auto& changes = state->lists[parse_name(name)].changes;
      for (std::size_t i = 0; i < changes.size() && i < bodies.items.size(); ++i) {
        auto change = wire::decode<wire::Change>(bodies.items[i].text);
        if (!change) continue;
        change->id = changes[i].change.id;
        changes[i].change = std::move(*change);
      }
    });
  });
}

}  // namespace

void read_state(const store::Keys& keys, Read read,
                std::function<void(events::Cursor, std::map<ListName, WaitingList>)> done) {
  auto state = std::make_shared<Loading>();
  read({"HMGET", keys("cursor:scheduler"), "n", "tag"}, [state](store::RedisReply c) {
    if (c.items.size() == 2 && !c.items[0].text.empty())
      state->cursor = {EventNumber{std::stoll(c.items[0].text)}, c.items[1].text};
  });
  read({"HGETALL", keys("due")}, [state](store::RedisReply r) {
    for (std::size_t i = 0; i + 1 < r.items.size(); i += 2)
      state->lists[parse_name(r.items[i].text)].due_ms = std::stoll(r.items[i + 1].text);
  });
  read({"SMEMBERS", keys("waiting")}, [keys, read, state, done = std::move(done)](store::RedisReply names) {
    for (const auto& name : names.items) read_list(keys, read, state, name.text);
    // Answers come in the order of asking: two rounds later everything above is in.
    read({"PING"}, [read, state, done](store::RedisReply) {
      read({"PING"}, [state, done](store::RedisReply) { done(state->cursor, std::move(state->lists)); });
    });
  });
}

}  // namespace headrace::scheduler
