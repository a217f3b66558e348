// SPDX-License-Identifier: Apache-2.0
#include "worker/core/step_logs.hpp"

#include <algorithm>

#include "worker/core/step_words.hpp"

namespace headrace::worker {

int StepLogs::add(const std::string& name, const std::string& type) {
  auto log = std::make_unique<Log>();
  log->record.index = static_cast<int>(logs_.size());
  log->record.name = name;
  log->record.type = type;
  const std::string base = identifier(name);
  log->record.slug = base;
  const auto taken = [&](const std::string& slug) {
    return std::any_of(logs_.begin(), logs_.end(), [&](const auto& l) { return l->record.slug == slug; });
  };
  for (int n = 2; taken(log->record.slug); ++n) {
    const std::string suffix = "_" + std::to_string(n);
    log->record.slug = base.substr(0, 50 - suffix.size()) + suffix;
  }
  logs_.push_back(std::move(log));
  return static_cast<int>(logs_.size()) - 1;
}

void StepLogs::add_complete(const std::string& name, std::string_view text, Now now) {
  const int log = add(name, "t");
  write(log, 't', text, now);
  close(*logs_.back(), now);
}

void StepLogs::write(int index, char channel, std::string_view bytes, Now now) {
  Log& log = *logs_.at(static_cast<std::size_t>(index));
  log.framer.write(channel, bytes, now.wall);
  if (log.framer.has_partial()) {
    // Not moved on by what follows: a progress bar writes all the time.
    if (!log.partial_since) log.partial_since = now.mono;
  } else {
    log.partial_since.reset();
  }
  if (log.framer.has_full())
    for (auto& piece : log.framer.take_full()) outbox_.add(step_, log.record.index, std::move(piece));
}

void StepLogs::on_timer(Now now) {
  for (auto& log : logs_) {
    if (!log->partial_since || now.mono < *log->partial_since + kPartialLine) continue;
    log->framer.flush_partial(now.wall);
    log->partial_since.reset();
  }
}

std::optional<MonoTime> StepLogs::next_wake() const {
  std::optional<MonoTime> first;
  for (const auto& log : logs_)
    if (log->partial_since && (!first || *log->partial_since + kPartialLine < *first))
      first = *log->partial_since + kPartialLine;
  return first;
}

void StepLogs::cut(Log& log) {
  for (auto& piece : log.framer.take_full()) outbox_.add(step_, log.record.index, std::move(piece));
  if (auto piece = log.framer.cut()) outbox_.add(step_, log.record.index, std::move(*piece));
}

void StepLogs::cut() {
  for (auto& log : logs_) cut(*log);
}

std::size_t StepLogs::uncut_bytes() const {
  std::size_t bytes = 0;
  for (const auto& log : logs_) bytes += log->framer.uncut_bytes();
  return bytes;
}

void StepLogs::close(Log& log, Now now) {
  if (log.record.complete) return;
  log.framer.flush_partial(now.wall);
  log.partial_since.reset();
  cut(log);
  log.record.complete = true;
  log.record.lines = log.framer.lines();
  log.record.size_bytes = log.framer.size_bytes();
  log.record.crc = log.framer.crc();
}

void StepLogs::close(Now now) {
  for (auto& log : logs_) close(*log, now);
}

std::vector<wire::LogRecord> StepLogs::records() const {
  std::vector<wire::LogRecord> out;
  for (const auto& log : logs_) out.push_back(log->record);
  return out;
}

}  // namespace headrace::worker
