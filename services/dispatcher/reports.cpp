// SPDX-License-Identifier: Apache-2.0
#include "dispatcher/reports.hpp"

#include "dispatcher/questions/question_kind.hpp"
#include "logchunk/chunk.hpp"

namespace headrace::dispatcher {
namespace {

constexpr const char* kNoClaim = "the claim is no longer valid";

// A long log is announced about once a megabyte, and when no append is in flight.
bool worth_telling(const LogState& log) {
  return log.in_flight == 0 || log.committed.size_bytes % (1 << 20) < (1 << 16);
}

bool is_step(std::int64_t number) { return number >= 0 && number < kMaxSteps; }
bool is_log(std::int64_t index) { return index >= 0 && index < kMaxLogsPerStep; }

// What no worker without a fault says; "" when there is nothing of it in the report.
std::string fault_in(const wire::Report& report) {
  const auto step_text = [](std::int64_t number) { return "a report names step " + std::to_string(number); };
  const auto log_text = [](std::int64_t index) { return "a report names log " + std::to_string(index); };
  for (const auto& piece : report.logs) {
    if (!is_step(piece.step)) return step_text(piece.step);
    if (!is_log(piece.log)) return log_text(piece.log);
  }
  for (const auto& item : report.items) {
    if (!item.step) continue;
    if (!is_step(item.step->number)) return step_text(item.step->number);
    for (const auto& log : item.step->logs)
      if (!is_log(log.index)) return log_text(log.index);
  }
  return "";
}

}  // namespace

void Reports::on_report(const std::string& worker, Link& link, wire::Report report) {
  auto* build = c_.claims.find(report.claim, worker);
  if (!build || !build->running) return c_.out.send(link.peer, wire::Fenced{report.claim, kNoClaim});
  if (build->ended) return;  // the end is on its way to the store, so a repeat has no effect
  if (const auto fault = fault_in(report); !fault.empty())
    return end_with_exception(*build, build->sequence_sent + 1, fault);
  for (auto& piece : report.logs) {
    if (!take_log(*build, std::move(piece))) return sessions_.resync(build->worker, "log bytes are missing");
    if (build->ended) return;
  }
  report.logs.clear();
  if (report.sequence == 0) return;
  const auto expected = build->sequence_sent + static_cast<std::int64_t>(build->waiting.size()) + 1;
  if (report.sequence > expected) return sessions_.resync(build->worker, "a report is missing");
  if (report.sequence < expected) {
    // This is a repeat. A report that is not committed yet is acknowledged when it is.
    if (report.sequence <= build->sequence_committed) acknowledge(*build, false, {});
    return;
  }
  build->waiting.push_back(std::move(report));
  apply_waiting(*build);
}

// @return false when bytes before this piece are missing
bool Reports::take_log(ActiveBuild& build, wire::LogPiece piece) {
  const store::LogName name{piece.step, piece.log};
  auto& log = build.logs[name];
  if (piece.offset_bytes > log.sent.size_bytes) return false;
  if (piece.offset_bytes < log.sent.size_bytes) {
    if (log.in_flight == 0) acknowledge(build, false, {{piece.step, piece.log, log.committed.size_bytes}});
    return true;
  }
  const auto chunk = logchunk::decode(piece.chunk);
  if (!chunk) {
    end_with_exception(build, build.sequence_sent + 1, "log chunk: " + chunk.error().text);
    return true;
  }
  store::LogAppend append;
  append.build = build.build.id;
  append.nonce = build.claim.nonce;
  append.log = name;
  append.offset_bytes = piece.offset_bytes;
  append.size_bytes = static_cast<std::int64_t>(chunk->text.size());
  append.lines = chunk->lines;
  append.crc_after = logchunk::crc32(log.sent.crc, chunk->text);
  append.chunk = std::move(piece.chunk);
  log.sent = {log.sent.size_bytes + append.size_bytes, log.sent.lines + append.lines, append.crc_after};
  ++log.in_flight;
  c_.out.append_log(append, [this, claim = build.claim, name](const auto& outcome) {
    if (auto* of = c_.claims.find(claim)) on_appended(*of, name, outcome);
  });
  return true;
}

void Reports::on_appended(ActiveBuild& build, store::LogName name,
                          const store::Outcome<store::LogExtent>& outcome) {
  auto& log = build.logs[name];
  --log.in_flight;
  if (!outcome) {
    spdlog::warn("log refused build={} step={} reason={}", build.build.id.value, name.step,
                 outcome.error().text);
    if (build.ended) return;
    if (outcome.error().why == store::Refused::fenced) return fence(build, outcome.error().text);
    return end_with_exception(build, build.sequence_sent + 1, "log: " + outcome.error().text);
  }
  log.committed = *outcome;
  if (log.in_flight == 0) log.sent = log.committed;  // the store's answer replaces our count
  const auto position = wire::LogPosition{name.step, name.log, log.committed.size_bytes};
  const auto announced = AnnounceLog{build.build.id, name, log.committed};
  const bool telling = worth_telling(log);
  if (log.in_flight == 0 && !build.waiting.empty()) apply_waiting(build);
  // The end of the build acknowledges its logs as well, and readers of the event log learn of the end.
  if (build.ended || !telling) return;
  acknowledge(build, false, {position});
  c_.out.announce_log(announced);
}

// True when the store has the logs of every finished step in the report, as the worker has counted them.
bool Reports::logs_committed(const ActiveBuild& build, wire::Report& report) const {
  for (auto& item : report.items) {
    if (!item.step) continue;
    for (auto& log : item.step->logs) {
      if (!log.complete) continue;
      const auto found = build.logs.find({item.step->number, log.index});
      const auto have = found == build.logs.end() ? store::LogExtent{} : found->second.committed;
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

void Reports::apply_waiting(ActiveBuild& build) {
  while (!build.waiting.empty() && logs_committed(build, build.waiting.front())) {
    const wire::Report report = std::move(build.waiting.front());
    build.waiting.pop_front();
    commit_report(build, report);
  }
}

void Reports::commit_report(ActiveBuild& build, const wire::Report& report) {
  auto& b = build.build;
  bool properties = false;
  const wire::ProgressItem::Finish* finish = nullptr;
  for (const auto& item : report.items) {
    if (item.step) {
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

  store::Progress progress{build.claim, report.sequence, {}};
  if (finish) {
    // The event of the build's end holds the whole build, so single steps of this report need no events of
    // their own. A step cannot make a build RETRY: only a lost worker does.
    b.results = finish->results == Results::retry ? Results::exception : finish->results;
    b.state_string = finish->state_string;
    b.complete_ms = c_.wall_ms();
    progress.items.emplace_back(store::Progress::Finish{b});
  } else {
    for (const auto& item : report.items)
      if (item.step) progress.items.emplace_back(store::Progress::Step{*item.step});
    if (properties) progress.items.emplace_back(store::Progress::Properties{b.properties});
  }
  build.sequence_sent = report.sequence;
  const bool ends = finish != nullptr;
  build.ended |= ends;
  c_.out.commit(progress, [this, claim = build.claim, sequence = report.sequence, ends](const auto& outcome) {
    if (auto* of = c_.claims.find(claim)) on_committed(*of, sequence, ends, outcome);
  });
}

void Reports::on_committed(ActiveBuild& build, std::int64_t sequence, bool ends,
                           const store::Outcome<store::Progress::Answer>& outcome) {
  const auto& b = build.build;
  if (!outcome) {
    const auto& [why, text] = outcome.error();
    spdlog::warn("progress refused build={} sequence={} reason={}", b.id.value, sequence, text);
    if (why == store::Refused::bad)
      return end_with_exception(build, sequence, "a report was refused: " + text);
    if (why == store::Refused::fenced) return fence(build, text);
    return sessions_.resync(build.worker, "a report was refused: " + text);
  }
  build.sequence_committed = sequence;
  acknowledge(build, ends, {});
  if (!ends) return;
  spdlog::info("build finished build={} builder={} number={} attempt={} result={}", b.id.value, b.builder,
               b.number, b.attempt, results_name(*b.results));
  MoveLogs logs{b.id, log_sizes(build), b.started_ms};
  c_.remove_claim(build.claim.request);
  c_.out.move_logs(std::move(logs));
}

void Reports::fence(const ActiveBuild& build, const std::string& reason) {
  c_.send_to(build.worker, wire::Fenced{build.claim, reason});
  c_.remove_claim(build.claim.request);
}

// The store will never take the worker's message, so the build would run for ever without this end.
void Reports::end_with_exception(ActiveBuild& build, std::int64_t sequence, const std::string& reason) {
  spdlog::error("build ends, what its worker says cannot be taken build={} worker={} reason={}",
                build.build.id.value, build.worker, reason);
  auto& b = build.build;
  b.results = Results::exception;
  b.state_string = reason;
  b.complete_ms = c_.wall_ms();
  build.ended = true;
  build.waiting.clear();
  build.sequence_sent = sequence;
  c_.out.commit(store::Progress{build.claim, sequence, {store::Progress::Finish{b}}},
                [this, claim = build.claim](const auto& outcome) {
                  auto* of = c_.claims.find(claim);
                  if (!of) return;
                  MoveLogs logs{of->build.id, log_sizes(*of), of->build.started_ms};
                  fence(*of, std::string(of->build.state_string));
                  if (outcome) c_.out.move_logs(std::move(logs));
                });
}

void Reports::acknowledge(const ActiveBuild& build, bool finished, std::vector<wire::LogPosition> logs) {
  c_.send_to(build.worker, wire::Reported{build.claim, build.sequence_committed, finished, std::move(logs)});
}

void Reports::on_question(const std::string& worker, Link& link, wire::Question question) {
  if (question.verb.empty()) {  // protocol 1
    question.verb = "call";
    question.arguments = wire::to_value(question.call);
  }
  const auto* build = c_.claims.find(question.claim, worker);
  if (!build || !build->running) return c_.out.send(link.peer, wire::Fenced{question.claim, kNoClaim});
  if (build->build.changes.empty()) return answer(*build, question, {});
  c_.out.ask(ChangesOf{build->build.changes}, [this, question](const std::vector<wire::Change>& changes) {
    if (const auto* of = c_.claims.find(question.claim)) answer(*of, question, changes);
  });
}

void Reports::answer(const ActiveBuild& build, const wire::Question& question,
                     const std::vector<wire::Change>& changes) {
  store::StoreAnswer stored{build.claim, question.id, {{"value", nullptr}, {"error", nullptr}}};
  if (!build.configuration) {
    stored.answer["error"] = "the configuration of this build is no longer available";
  } else {
    const auto* kind = find_question_kind(question.verb);
    auto value = kind != nullptr
                     ? kind->answer({build.build, changes, *build.configuration, question.arguments})
                     : fail("this dispatcher does not know the question '" + question.verb + "'");
    if (value)
      stored.answer["value"] = std::move(*value);
    else
      stored.answer["error"] = value.error().text;
  }
  c_.out.commit(stored,
                [this, worker = build.worker, claim = build.claim, id = question.id](const auto& outcome) {
                  if (!outcome) return c_.send_to(worker, wire::Fenced{claim, outcome.error().text});
                  wire::Answer message;
                  message.claim = claim;
                  message.id = id;
                  message.value = (*outcome)["value"];
                  if ((*outcome)["error"].is_string()) message.error = (*outcome)["error"].as_string();
                  c_.send_to(worker, message);
                });
}

}  // namespace headrace::dispatcher
