// SPDX-License-Identifier: Apache-2.0
#include "store/state/scheduler.hpp"

#include "store/fields.hpp"
#include "wire/codec.hpp"

namespace headrace::store {
namespace {

using Answers = std::vector<RedisReply>;
using Commands = std::vector<Words>;
using DoneWithState = Read<SchedulerState>::Done;

// "<scheduler>\31<timer key>"
TimerName timer_name(const std::string& text) {
  const auto split = text.find('\x1f');
  return {text.substr(0, split), split == std::string::npos ? "" : text.substr(split + 1)};
}

Round changes_round(const KeyNames& keys, SchedulerState state, const DoneWithState& done) {
  Commands commands;
  std::vector<TimerName> names;
  for (const auto& [name, timer] : state.timers) {
    if (timer.changes.empty()) continue;
    names.push_back(name);
    commands.push_back({"HMGET", keys("changes")});
    for (const auto& waiting : timer.changes)
      commands.back().push_back(std::to_string(waiting.change.id.value));
  }
  return last_round<SchedulerState>(
      std::move(commands), done, [names, state](Answers r) -> Result<SchedulerState> {
        SchedulerState out = state;
        for (std::size_t i = 0; i < names.size(); ++i) {
          auto& changes = out.timers[names[i]].changes;
          for (std::size_t k = 0; k < changes.size(); ++k) {
            const auto id = changes[k].change.id;
            auto change = wire::decode<wire::Change>(r[i].items.at(k).text);
            if (!change) continue;  // its id is kept: the timer's list has to be named whole
            changes[k].change = std::move(*change);
            changes[k].change.id = id;
          }
        }
        return out;
      });
}

Round lists_round(const KeyNames& keys, SchedulerState state, const RedisReply& waiting,
                  const DoneWithState& done) {
  Commands commands;
  std::vector<TimerName> names;
  for (const auto& item : waiting.items) {
    names.push_back(timer_name(item.text));
    commands.push_back({"LRANGE", keys("wait", item.text), "0", "-1"});
  }
  return more_rounds<SchedulerState>(std::move(commands), done, [keys, names, state, done](Answers r) {
    SchedulerState next = state;
    for (std::size_t i = 0; i < names.size(); ++i)
      for (const auto& entry : r[i].items) {  // "<change> <important>"
        const auto blank = entry.text.find(' ');
        WaitingChange one;
        one.change.id.value = number_in(std::string_view(entry.text).substr(0, blank));
        one.important = entry.text.substr(blank + 1) == "1";
        next.timers[names[i]].changes.push_back(std::move(one));
      }
    return changes_round(keys, std::move(next), done);
  });
}

}  // namespace

Read<SchedulerState> scheduler_state() {
  return Read<SchedulerState>([](const KeyNames& keys, DoneWithState done) {
    const Commands first{{"HMGET", keys("cursor:scheduler"), "n", "tag"},
                         {"HGETALL", keys("due")},
                         {"SMEMBERS", keys("waiting")}};
    return more_rounds<SchedulerState>(first, done, [keys, done](Answers r) {
      SchedulerState state;
      state.cursor = {{number_in(r[0].items.at(0).text)}, r[0].items.at(1).text};
      for (const auto& [name, due] : Fields(r[1])) state.timers[timer_name(name)].due_ms = number_in(due);
      return lists_round(keys, std::move(state), r[2], done);
    });
  });
}

Read<std::int64_t> count_waiting_lists() {
  return one_round<std::int64_t>(
      [](const KeyNames& keys) {
        return Commands{{"SCARD", keys("waiting")}};
      },
      [](Answers r) -> Result<std::int64_t> { return r[0].integer; });
}

}  // namespace headrace::store
