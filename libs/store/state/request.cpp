// SPDX-License-Identifier: Apache-2.0
#include "store/state/request.hpp"

#include <map>

#include "store/arguments.hpp"
#include "store/fields.hpp"
#include "store/state/stored.hpp"

namespace headrace::store {
namespace {

using Answers = std::vector<RedisReply>;
using Commands = std::vector<Words>;

template <class T, class Parse>
Result<Listed<T>> all_of(const Answers& answers, std::int64_t first, Parse parse) {
  Listed<T> out;
  for (std::size_t i = 0; i < answers.size(); ++i) {
    auto one = parse(first + static_cast<std::int64_t>(i), answers[i]);
    if (!one)
      out.complaints.push_back(one.error().text);
    else if (*one)
      out.found.push_back(std::move(**one));
  }
  return out;
}

Commands hash_of_each(const KeyNames& keys, std::string_view name, std::int64_t from, std::int64_t to) {
  Commands out;
  for (auto id = from; id <= to; ++id) out.push_back({"HGETALL", keys(name, id)});
  return out;
}

Result<std::optional<StoredBuildset>> parse_buildset(std::int64_t id, const RedisReply& hash) {
  return buildset_in({id}, Fields(hash));
}

Result<std::optional<Request>> parse_request(std::int64_t id, const RedisReply& hash) {
  return request_in({id}, Fields(hash));
}

// The open requests are read in rounds: ids and sessions, then requests, then their buildsets.
struct Loading {
  OpenRequests out;
  std::map<std::string, SessionId> sessions;
  std::map<BuildsetId, std::shared_ptr<const wire::Buildset>> sets;
};
using State = std::shared_ptr<Loading>;  // lives as long as the rounds of one read
using DoneWithOpen = Read<OpenRequests>::Done;

Round sets_round(const KeyNames& keys, const State& state, const DoneWithOpen& done) {
  std::vector<BuildsetId> wanted;
  Commands commands;
  for (const auto& one : state->out.requests)
    if (state->sets.emplace(one.request.buildset, nullptr).second) {
      wanted.push_back(one.request.buildset);
      commands.push_back({"HGETALL", keys("buildset", one.request.buildset.value)});
    }
  return last_round<OpenRequests>(
      std::move(commands), done, [state, wanted](Answers r) -> Result<OpenRequests> {
        for (std::size_t i = 0; i < wanted.size(); ++i) {
          auto set = buildset_in(wanted[i], Fields(r[i]));
          if (!set) state->out.complaints.push_back(set.error().text);
          auto& shared = state->sets[wanted[i]];
          shared =
              std::make_shared<const wire::Buildset>(set && *set ? std::move((*set)->set) : wire::Buildset{});
        }
        for (auto& one : state->out.requests) one.set = state->sets[one.request.buildset];
        return std::move(state->out);
      });
}

Round requests_round(const KeyNames& keys, const State& state, const std::vector<std::int64_t>& ids,
                     const DoneWithOpen& done) {
  Commands commands;
  for (const auto id : ids) commands.push_back({"HGETALL", keys("request", id)});
  return more_rounds<OpenRequests>(std::move(commands), done, [keys, state, ids, done](Answers r) {
    for (std::size_t i = 0; i < ids.size(); ++i) {
      auto one = parse_request(ids[i], r[i]);
      if (!one) state->out.complaints.push_back(one.error().text);
      if (!one || !*one || (*one)->state == RequestState::complete) continue;
      const bool claimed = (*one)->state != RequestState::pending;
      const bool orphan = claimed && state->sessions[(*one)->worker] != (*one)->session;
      state->out.requests.push_back({std::move(**one), nullptr, orphan});
    }
    return sets_round(keys, state, done);
  });
}

Round sessions_round(const KeyNames& keys, const State& state, const RedisReply& workers,
                     const std::vector<std::int64_t>& ids, const DoneWithOpen& done) {
  Commands commands;
  std::vector<std::string> names;
  for (const auto& worker : workers.items) {
    names.push_back(worker.text);
    commands.push_back({"HGET", keys("worker", worker.text), "session"});
  }
  return more_rounds<OpenRequests>(std::move(commands), done, [keys, state, names, ids, done](Answers r) {
    for (std::size_t i = 0; i < names.size(); ++i) state->sessions[names[i]].value = number_in(r[i].text);
    return requests_round(keys, state, ids, done);
  });
}

}  // namespace

Read<std::optional<Request>> request(RequestId id) {
  return one_round<std::optional<Request>>(
      [id](const KeyNames& keys) {
        return Commands{{"HGETALL", keys("request", id.value)}};
      },
      [id](Answers r) { return parse_request(id.value, r[0]); });
}

Read<Listed<Request>> requests(RequestId from, RequestId to) {
  return one_round<Listed<Request>>(
      [=](const KeyNames& keys) { return hash_of_each(keys, "request", from.value, to.value); },
      [=](Answers r) { return all_of<Request>(r, from.value, parse_request); });
}

Read<std::optional<StoredBuildset>> buildset(BuildsetId id) {
  return one_round<std::optional<StoredBuildset>>(
      [id](const KeyNames& keys) {
        return Commands{{"HGETALL", keys("buildset", id.value)}};
      },
      [id](Answers r) { return parse_buildset(id.value, r[0]); });
}

Read<Listed<StoredBuildset>> buildsets(BuildsetId from, BuildsetId to) {
  return one_round<Listed<StoredBuildset>>(
      [=](const KeyNames& keys) { return hash_of_each(keys, "buildset", from.value, to.value); },
      [=](Answers r) { return all_of<StoredBuildset>(r, from.value, parse_buildset); });
}

Read<OpenRequests> open_requests() {
  return Read<OpenRequests>([](const KeyNames& keys, DoneWithOpen done) {
    const auto state = std::make_shared<Loading>();
    const Commands first{{"HMGET", keys("head"), "n", "tag"},
                         {"SMEMBERS", keys("workers")},
                         {"ZRANGE", keys("open"), "0", "-1"}};
    return more_rounds<OpenRequests>(first, done, [keys, state, done](Answers r) {
      state->out.head = {{number_in(r[0].items.at(0).text)}, r[0].items.at(1).text};
      std::vector<std::int64_t> ids;
      for (const auto& id : r[2].items) ids.push_back(number_in(id.text));
      return sessions_round(keys, state, r[1], ids, done);
    });
  });
}

Read<std::int64_t> count_open_requests() {
  return one_round<std::int64_t>(
      [](const KeyNames& keys) {
        return Commands{{"ZCARD", keys("open")}};
      },
      [](Answers r) -> Result<std::int64_t> { return r[0].integer; });
}

}  // namespace headrace::store
