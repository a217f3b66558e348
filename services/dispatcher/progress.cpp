// SPDX-License-Identifier: Apache-2.0
// What a running build says: log bytes, steps, properties, its end, and its questions.
#include "dispatcher/messages.hpp"
#include "dispatcher/questions/question_kind.hpp"
#include "logchunk/chunk.hpp"

namespace headrace::dispatcher {

void Core::on_report(Link& link, wire::Report report) {
  const auto build = find_claim(report.claim);
  if (!build || !build->running)
    return send(link.peer, wire::Fenced{report.claim, "the claim is no longer valid"});
  for (auto& piece : report.logs)
    if (!take_log(build, std::move(piece))) return resync(build->worker, "log bytes are missing");
  report.logs.clear();
  if (report.sequence == 0) return;
  const auto expected = build->sequence_sent + static_cast<std::int64_t>(build->waiting.size()) + 1;
  if (report.sequence > expected) return resync(build->worker, "a report is missing");
  if (report.sequence < expected) {
    // A repeat: what is not committed yet will be acknowledged when it is.
    if (report.sequence <= build->sequence_committed) acknowledge(*build, false, {});
    return;
  }
  build->waiting.push_back(std::move(report));
  apply_waiting(build);
}

// ---- logs ----

// @return false when bytes before this piece are missing
bool Core::take_log(const std::shared_ptr<ActiveBuild>& build, wire::LogPiece piece) {
  auto& log = build->logs[{piece.step, piece.log}];
  if (piece.offset_bytes > log.sent.size_bytes) return false;
  if (piece.offset_bytes < log.sent.size_bytes) {
    if (log.in_flight == 0) acknowledge(*build, false, {{piece.step, piece.log, log.committed.size_bytes}});
    return true;
  }
  const auto chunk = logchunk::decode(piece.chunk);
  if (!chunk) {
    spdlog::error("log chunk refused worker={} build={} step={} reason={}", build->worker,
                  build->build.id.value, piece.step, chunk.error().text);
    return false;
  }
  LogState::Extent after = log.sent;
  after.size_bytes += static_cast<std::int64_t>(chunk->text.size());
  after.lines += chunk->lines;
  after.crc = logchunk::crc32(after.crc, chunk->text);
  store::Call call{"log_append",
                   {effects_.keys().log_prefix(build->build.id), build->claim.nonce,
                    std::to_string(piece.step) + "." + std::to_string(piece.log),
                    std::to_string(piece.offset_bytes), std::to_string(chunk->text.size()),
                    std::to_string(chunk->lines), std::to_string(after.crc), std::move(piece.chunk)}};
  log.sent = after;
  ++log.in_flight;
  effects_.append_log(std::move(call), [this, build, step = piece.step, index = piece.log](store::Reply r) {
    auto& state = build->logs[{step, index}];
    --state.in_flight;
    if (!r.ok) {
      spdlog::warn("log refused build={} step={} reason={}", build->build.id.value, step, r.refusal);
      return;
    }
    const auto value = wire::decode_value(r.value);
    const auto& v = value->as_array();
    state.committed = {v.at(0).as_int(), v.at(1).as_int(), static_cast<std::uint32_t>(v.at(2).as_int())};
    if (state.in_flight == 0) state.sent = state.committed;  // the store's word wins
    if (state.in_flight == 0 && !build->waiting.empty()) apply_waiting(build);
    // The answer to the build's end says all of this too, and whoever follows the log hears of the end.
    if (build->ended) return;
    if (state.in_flight == 0 || state.committed.size_bytes % (1 << 20) < (1 << 16)) {
      acknowledge(*build, false, {{step, index, state.committed.size_bytes}});
      effects_.announce_log(build->build.id, step, index, state.committed);
    }
  });
  return true;
}

// Messages of a connection arrive in order, so a hole means that one was dropped: a new hello tells the
// worker where the store stands, and it sends again from there.
void Core::resync(const std::string& worker, const std::string& reason) {
  const auto link = links_.find(worker);
  if (link == links_.end()) return;
  spdlog::warn("worker is asked to connect again worker={} reason={}", worker, reason);
  send(link->second.peer, wire::Rehello{link->second.session, false, reason});
  drop_link(worker);
}

// Whether the logs of every finished step in the report are in the store as the worker has counted them.
bool Core::logs_committed(const ActiveBuild& build, wire::Report& report) {
  for (auto& item : report.items) {
    if (!item.step) continue;
    for (auto& log : item.step->logs) {
      if (!log.complete) continue;
      const auto found = build.logs.find({item.step->number, log.index});
      const auto have = found == build.logs.end() ? LogState::Extent{} : found->second.committed;
      if (have.size_bytes < log.size_bytes) return false;
      if (have.size_bytes != log.size_bytes || have.crc != static_cast<std::uint32_t>(log.crc)) {
        spdlog::error("log differs from what the worker wrote build={} step={} log={} size={} stored={}",
                      build.build.id.value, item.step->number, log.name, log.size_bytes, have.size_bytes);
        log.incomplete = true;
        log.size_bytes = have.size_bytes;
        log.lines = have.lines;
        log.crc = have.crc;
      }
    }
  }
  return true;
}

// ---- progress ----

void Core::apply_waiting(const std::shared_ptr<ActiveBuild>& build) {
  while (!build->waiting.empty() && logs_committed(*build, build->waiting.front())) {
    const wire::Report report = std::move(build->waiting.front());
    build->waiting.pop_front();
    commit_report(build, report);
  }
}

void Core::commit_report(const std::shared_ptr<ActiveBuild>& build, const wire::Report& report) {
  auto& b = build->build;
  bool properties = false;
  const wire::ProgressItem::Finish* finish = nullptr;
  for (const auto& item : report.items) {
    if (item.step && item.step->number >= 0 && item.step->number < kMaxSteps) {
      const auto number = static_cast<std::size_t>(item.step->number);
      if (b.steps.size() <= number) b.steps.resize(number + 1);
      b.steps[number] = *item.step;
    }
    if (item.properties) {
      override_with(b.properties, *item.properties);
      properties = true;
    }
    if (item.finish) finish = &*item.finish;
  }

  store::Call call{
      "progress",
      {std::to_string(build->claim.request.value), build->claim.nonce, std::to_string(report.sequence), ""}};
  int count = 0;
  if (finish) {
    // The whole build stands in its end; single steps of this report need no events of their own.
    // A step may not give the build back: that is for a lost worker.
    b.results = finish->results == Results::retry ? Results::exception : finish->results;
    b.state_string = finish->state_string;
    b.complete_ms = effects_.wall_ms();
    call.args.insert(call.args.end(),
                     {"finish", std::to_string(static_cast<int>(*b.results)), wire::encode(b)});
    count = 1;
  } else {
    for (const auto& item : report.items) {
      if (!item.step) continue;
      call.args.insert(call.args.end(), {"step", std::to_string(item.step->number),
                                         item.step->results ? "1" : "0", wire::encode(*item.step)});
      ++count;
    }
    if (properties) {
      wire::Build only;
      only.properties = b.properties;
      call.args.insert(call.args.end(), {"properties", wire::encode(only)});
      ++count;
    }
  }
  call.args[3] = std::to_string(count);
  build->sequence_sent = report.sequence;
  const bool ends = finish != nullptr;
  build->ended |= ends;
  effects_.commit(std::move(call), [this, build, sequence = report.sequence, ends](store::Reply r) {
    const auto link = links_.find(build->worker);
    if (!r.ok) {
      spdlog::warn("progress refused build={} sequence={} reason={}", build->build.id.value, sequence,
                   r.refusal);
      if (r.refusal.starts_with("bad:")) return end_with_exception(build, sequence, r.refusal);
      if (!r.refusal.starts_with("fenced:"))
        return resync(build->worker, "a report was refused: " + r.refusal);
      if (link != links_.end()) send(link->second.peer, wire::Fenced{build->claim, r.refusal});
      return remove_claim(build->claim.request);
    }
    build->sequence_committed = sequence;
    acknowledge(*build, ends, {});
    if (!ends) return;
    spdlog::info("build finished build={} builder={} number={} attempt={} result={}", build->build.id.value,
                 build->build.builder, build->build.number, build->build.attempt,
                 results_name(*build->build.results));
    remove_claim(build->claim.request);
    effects_.move_logs(build->build.id, build->logs);
  });
}

// The store will never take what the worker says, so without this the build would run for ever.
void Core::end_with_exception(const std::shared_ptr<ActiveBuild>& build, std::int64_t sequence,
                              const std::string& reason) {
  auto& b = build->build;
  b.results = Results::exception;
  b.state_string = "a report was refused: " + reason;
  b.complete_ms = effects_.wall_ms();
  build->ended = true;
  effects_.commit({"progress",
                   {std::to_string(build->claim.request.value), build->claim.nonce, std::to_string(sequence),
                    "1", "finish", std::to_string(static_cast<int>(Results::exception)), wire::encode(b)}},
                  [this, build](store::Reply r) {
                    if (const auto link = links_.find(build->worker); link != links_.end())
                      send(link->second.peer, wire::Fenced{build->claim, build->build.state_string});
                    remove_claim(build->claim.request);
                    if (r.ok) effects_.move_logs(build->build.id, build->logs);
                  });
}

void Core::acknowledge(const ActiveBuild& build, bool finished, std::vector<wire::LogPosition> logs) {
  const auto link = links_.find(build.worker);
  if (link == links_.end()) return;
  send(link->second.peer, wire::Reported{build.claim, build.sequence_committed, finished, std::move(logs)});
}

// ---- questions ----

void Core::on_question(Link& link, const wire::Question& question) {
  const auto build = find_claim(question.claim);
  if (!build || !build->running)
    return send(link.peer, wire::Fenced{question.claim, "the claim is no longer valid"});
  std::vector<std::string> words = {"HMGET", effects_.keys()("changes")};
  for (const auto id : build->build.changes) words.push_back(std::to_string(id.value));
  if (words.size() == 2) return answer(build, question, {});
  effects_.read(std::move(words), [this, build, question](store::RedisReply r) {
    std::vector<wire::Change> changes;
    for (const auto& item : r.items)
      if (auto change = wire::decode<wire::Change>(item.text)) changes.push_back(std::move(*change));
    answer(build, question, changes);
  });
}

void Core::answer(const std::shared_ptr<ActiveBuild>& build, const wire::Question& question,
                  const std::vector<wire::Change>& changes) {
  json::Object stored{{"value", nullptr}, {"error", nullptr}};
  if (!build->configuration) {
    stored["error"] = "the configuration of this build is no longer available";
  } else {
    const auto* kind = find_question_kind(question.verb);
    auto value = kind != nullptr
                     ? kind->answer({build->build, changes, *build->configuration, question.arguments})
                     : fail("this dispatcher does not know the question '" + question.verb + "'");
    if (value) {
      stored["value"] = std::move(*value);
    } else {
      stored["error"] = value.error().text;
    }
  }
  effects_.commit({"answer",
                   {std::to_string(build->claim.request.value), build->claim.nonce,
                    std::to_string(question.id), wire::encode_value(std::move(stored))}},
                  [this, build, id = question.id](store::Reply r) {
                    const auto link = links_.find(build->worker);
                    if (link == links_.end()) return;
                    if (!r.ok) return send(link->second.peer, wire::Fenced{build->claim, r.refusal});
                    const auto value = wire::decode_value(r.value);
                    wire::Answer message;
                    message.claim = build->claim;
                    message.id = id;
                    if (value) {
                      message.value = (*value)["value"];
                      if ((*value)["error"].is_string()) message.error = (*value)["error"].as_string();
                    }
                    send(link->second.peer, message);
                  });
}

}  // namespace headrace::dispatcher
