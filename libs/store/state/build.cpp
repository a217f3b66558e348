// SPDX-License-Identifier: Apache-2.0
#include "store/state/build.hpp"

#include <algorithm>

#include "store/arguments.hpp"
#include "store/fields.hpp"
#include "store/state/stored.hpp"

namespace headrace::store {
namespace {

using Answers = std::vector<RedisReply>;
using Commands = std::vector<Words>;
using Builds = Listed<wire::Build>;

Words fields_of_range(std::string hash, std::int64_t from, std::int64_t to) {
  Words out{"HMGET", std::move(hash)};
  for (auto id = from; id <= to; ++id) out.push_back(std::to_string(id));
  return out;
}

// [number, request, attempt, started, ended, results, body], as build.lua packs it.
Result<wire::Build> finished_build(BuildId id, const std::string& blob) {
  const auto broken = [&](const std::string& reason) {
    return fail("build " + std::to_string(id.value) + " cannot be read: " + reason);
  };
  const auto value = wire::decode_value(blob);
  if (!value) return broken(value.error().text);
  if (!value->is_array() || value->as_array().size() != 7 || !value->as_array()[6].is_string())
    return broken("it has another form");
  const auto& parts = value->as_array();
  auto build = wire::decode<wire::Build>(parts[6].as_string());
  if (!build) return broken(build.error().text);
  build->id = id;
  build->number = parts[0].int_or(0);
  build->request.value = parts[1].int_or(0);
  build->attempt = static_cast<int>(parts[2].int_or(0));
  build->started_ms = parts[3].int_or(0);
  build->complete_ms = parts[4].int_or(0);
  build->results = results_from_int(parts[5].int_or(-1));
  return build;
}

// Running builds of `ids`, put among the finished ones of `known`.
Round running_round(const KeyNames& keys, const std::vector<BuildId>& ids, Builds known,
                    const Read<Builds>::Done& done) {
  Commands commands;
  for (const auto id : ids) commands.push_back({"HGETALL", keys("build", id.value)});
  return last_round<Builds>(std::move(commands), done,
                            [ids, known = std::move(known)](Answers r) -> Result<Builds> {
                              Builds out = known;
                              for (std::size_t i = 0; i < ids.size(); ++i) {
                                auto running = running_build_in(ids[i], Fields(r[i]));
                                if (!running)
                                  out.complaints.push_back(running.error().text);
                                else if (*running)
                                  out.found.push_back(std::move((*running)->build));
                              }
                              std::sort(out.found.begin(), out.found.end(),
                                        [](const auto& a, const auto& b) { return a.id < b.id; });
                              return out;
                            });
}

// A claim: [request fields, build fields, buildset fields], each a flat list as of HGETALL.
Result<std::optional<Claimed>> claim_in(RequestId id, const RedisReply& answer) {
  if (answer.items.size() != 3) return fail("claim_read answered in an unknown form");
  auto request = request_in(id, Fields(answer.items[0]));
  if (!request) return tl::unexpected(request.error());
  if (!*request) return std::optional<Claimed>();
  Claimed out;
  out.request = std::move(**request);
  auto running = running_build_in(out.request.build, Fields(answer.items[1]));
  if (!running) return tl::unexpected(running.error());
  out.running = std::move(*running);
  if (auto set = buildset_in(out.request.buildset, Fields(answer.items[2])); set && *set)
    out.set = std::make_shared<const wire::Buildset>(std::move((*set)->set));
  return std::optional(std::move(out));
}

Words claim_words(const KeyNames& keys, RequestId request) {
  return {"FCALL", "headrace1_claim_read", "1", keys.prefix(), std::to_string(request.value)};
}

}  // namespace

Read<Builds> builds(BuildId from, BuildId to) {
  return Read<Builds>([from, to](const KeyNames& keys, auto done) {
    if (from > to) return last_round<Builds>({}, done, [](Answers) -> Result<Builds> { return Builds{}; });
    return more_rounds<Builds>({fields_of_range(keys("builds"), from.value, to.value)}, done,
                               [keys, from, done](Answers r) {
                                 Builds finished;
                                 std::vector<BuildId> others;
                                 for (std::size_t i = 0; i < r[0].items.size(); ++i) {
                                   const BuildId id{from.value + static_cast<std::int64_t>(i)};
                                   if (r[0].items[i].text.empty()) {
                                     others.push_back(id);
                                   } else if (auto build = finished_build(id, r[0].items[i].text)) {
                                     finished.found.push_back(std::move(*build));
                                   } else {
                                     finished.complaints.push_back(build.error().text);
                                   }
                                 }
                                 return running_round(keys, others, std::move(finished), done);
                               });
  });
}

Read<std::optional<wire::Build>> build(BuildId id) {
  return Read<std::optional<wire::Build>>([id](const KeyNames& keys, auto done) {
    return builds(id, id).start(keys, [done](Result<Builds> found) {
      if (!found) return done(tl::unexpected(found.error()));
      if (!found->complaints.empty()) return done(fail(found->complaints.front()));
      if (found->found.empty()) return done(std::optional<wire::Build>());
      done(std::optional(std::move(found->found.front())));
    });
  });
}

Read<std::optional<Claimed>> claim(RequestId request, BuildId build) {
  using Answer = std::optional<Claimed>;
  return Read<Answer>([request, build](const KeyNames& keys, auto done) {
    Commands commands{claim_words(keys, request)};
    if (build) commands.push_back(log_state_words(keys, build));
    return Round{std::move(commands),
                 [keys, request, build, done](Answers r) -> std::optional<Round> {
                   auto found = claim_in(request, r[0]);
                   if (!found || !*found) {
                     done(std::move(found));
                     return std::nullopt;
                   }
                   auto& claimed = **found;
                   const auto running = claimed.running ? claimed.running->build.id : BuildId{};
                   if (!running || running == build) {
                     if (running) claimed.logs = log_extents_in(r[1]);
                     done(std::move(found));
                     return std::nullopt;
                   }
                   return last_round<Answer>({log_state_words(keys, running)}, done,
                                             [claimed](Answers logs) -> Result<Answer> {
                                               Claimed out = claimed;
                                               out.logs = log_extents_in(logs[0]);
                                               return Answer(std::move(out));
                                             });
                 },
                 [done](std::string reason) { done(fail(std::move(reason))); }};
  });
}

Read<std::vector<wire::Change>> changes(std::vector<ChangeId> ids) {
  using Changes = std::vector<wire::Change>;
  return Read<Changes>([ids = std::move(ids)](const KeyNames& keys, auto done) {
    Commands commands;
    if (!ids.empty()) {
      commands.push_back({"HMGET", keys("changes")});
      for (const auto id : ids) commands.back().push_back(std::to_string(id.value));
    }
    return last_round<Changes>(std::move(commands), done, [ids](Answers r) -> Result<Changes> {
      Changes out;
      for (std::size_t i = 0; i < ids.size(); ++i) {
        auto change = wire::decode<wire::Change>(r[0].items.at(i).text);
        if (!change) continue;  // let go by retention
        change->id = ids[i];
        out.push_back(std::move(*change));
      }
      return out;
    });
  });
}

Read<Listed<StoredChange>> changes(ChangeId from, ChangeId to) {
  using Changes = Listed<StoredChange>;
  return Read<Changes>([from, to](const KeyNames& keys, auto done) {
    Commands commands;
    if (from <= to)
      for (const auto* hash : {"changes", "change_arrived"})
        commands.push_back(fields_of_range(keys(hash), from.value, to.value));
    return last_round<Changes>(std::move(commands), done, [from](Answers r) -> Result<Changes> {
      Changes out;
      if (r.empty()) return out;
      ChangeId id = from;
      for (const auto& item : r[0].items) {
        if (auto change = wire::decode<wire::Change>(item.text)) {
          change->id = id;
          const auto arrived = number_in(r[1].items.at(static_cast<std::size_t>(id.value - from.value)).text);
          out.found.push_back({std::move(*change), arrived});
        } else if (!item.text.empty()) {
          out.complaints.push_back("change " + std::to_string(id.value) +
                                   " cannot be read: " + change.error().text);
        }
        ++id.value;
      }
      return out;
    });
  });
}

}  // namespace headrace::store
