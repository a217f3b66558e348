// SPDX-License-Identifier: Apache-2.0
#include "web/demo/player.hpp"

#include <algorithm>

#include "logchunk/chunk.hpp"
#include "logstore/log_file.hpp"

namespace headrace::web::demo {
namespace {

constexpr std::int64_t kSlots = 3;
constexpr std::int64_t kChunkLines = 600;

std::string text_of(const std::string& builder, const StepScript& step, std::int64_t from, std::int64_t to) {
  std::string out;
  for (std::int64_t n = from; n < to; ++n) out += log_line(builder, step, n);
  return out;
}

}  // namespace

Player::Player(std::filesystem::path logs, std::int64_t start_ms, std::uint64_t seed, double speed)
    : logs_(std::move(logs)), random_(seed), speed_(speed), now_ms_(start_ms) {
  log.now_ms = start_ms;
  std::int64_t session = 1;
  for (const auto& w : site().workers) {
    wire::WorkerInfo info;
    info.name = w.name;
    info.version = HEADRACE_VERSION;
    info.facts = {{"host", w.name + ".millrace.example"}, {"system", "Linux"}, {"numcpus", "16"}};
    log.worker_connected(session++, info);
  }
  at(start_ms + 5000, [this] { push(now_ms_); });
}

void Player::play_until(std::int64_t now_ms) {
  while (!agenda_.empty() && agenda_.begin()->first <= now_ms) {
    auto action = std::move(agenda_.begin()->second);
    now_ms_ = agenda_.begin()->first;
    agenda_.erase(agenda_.begin());
    log.now_ms = now_ms_ - 1000;  // the log counts a second on
    action();
  }
  now_ms_ = now_ms;
}

void Player::push(std::int64_t now) {
  // One push: one to three commits, then a buildset on all builders or, for documents, on two.
  std::vector<ChangeId> changes;
  for (std::size_t i = 0; i <= random_() % 8 / 6; ++i) {
    log.now_ms = now - 1000;
    log.change(next_change_, change(random_, now));
    changes.push_back(ChangeId{next_change_++});
  }
  wire::Buildset set;
  set.scheduler = "main";
  set.reason = "The branch scheduler named 'main' triggered this build";
  set.changes = changes;
  for (const auto& b : site().builders)
    if (random_() % 5 || b.name == "lint") set.requests.push_back({{}, b.name, 0});
  log.now_ms = now - 1000;
  log.buildset(next_set_, next_request_, set);
  for (const auto& r : set.requests) waiting_.push_back({next_request_++, next_set_, r.builder, changes});
  ++next_set_;
  try_start(now);
  const double seconds = change_seconds_ * (0.2 + static_cast<double>(random_() % 1600) / 1000);
  // Once in a while everybody sleeps.
  const double rest = random_() % 23 == 0 ? 40 * change_seconds_ / 6 : 0;
  at(now + static_cast<std::int64_t>((seconds + rest) * 1000), [this] { push(now_ms_); });
}

void Player::try_start(std::int64_t now) {
  for (auto r = waiting_.begin(); r != waiting_.end();) {
    std::string worker;
    for (const auto& b : site().builders)
      if (b.name == r->builder)
        for (const auto& w : b.workers)
          if (worker.empty() && busy_[w] < kSlots && busy_[r->builder + "@" + w] == 0) worker = w;
    if (worker.empty()) {
      ++r;
      continue;
    }
    ++busy_[worker], ++busy_[r->builder + "@" + worker];
    const std::int64_t id = next_build_++;
    Running& run = running_[id];
    run.number = ++numbers_[r->builder];
    run.script = script(r->builder, random_);
    if (id == 1 && long_log_) run.script.steps[0].lines = long_log_;
    run.record.request = {r->id};
    run.record.buildset = {r->buildset};
    run.record.builder = r->builder;
    run.record.worker = worker;
    run.record.changes = r->changes;
    run.record.started_ms = now;
    run.record.properties = {{"buildername", {r->builder, "Builder"}},
                             {"buildnumber", {run.number, "Build"}},
                             {"workername", {worker, "Worker"}},
                             {"branch", {"main", "Build"}},
                             {"scheduler", {"main", "Scheduler"}}};
    log.now_ms = now - 1000;
    log.build_new(id, run.number, 1, run.record);
    start_step(id, now);
    r = waiting_.erase(r);
  }
}

wire::StepRecord Player::step_record(const Running& run, bool done, std::int64_t now) const {
  const StepScript& s = run.script.steps[run.step];
  wire::StepRecord r;
  r.number = static_cast<int>(run.step);
  r.name = s.name;
  r.started_ms = run.step_started_ms;
  r.state_string = done ? s.name + (s.results == Results::failure    ? " failed"
                                    : s.results == Results::warnings ? " warnings"
                                                                     : "")
                        : s.name + " running";
  if (done) r.results = s.results, r.complete_ms = now;
  wire::LogRecord l;
  l.name = l.slug = "stdio";
  l.complete = done;
  l.lines = done ? s.lines : 0;
  r.logs = {l};
  return r;
}

void Player::start_step(std::int64_t build, std::int64_t now) {
  Running& run = running_.at(build);
  run.step_started_ms = now;
  log.now_ms = now - 1000;
  log.step(build, run.record.builder, step_record(run, false, now));
  const double seconds = run.script.steps[run.step].seconds / speed_;
  at(now + static_cast<std::int64_t>(seconds * 1000), [this, build] { finish_step(build, now_ms_); });
}

void Player::finish_step(std::int64_t build, std::int64_t now) {
  Running& run = running_.at(build);
  store_log(build, run);
  const auto record = step_record(run, true, now);
  log.now_ms = now - 1000;
  log.step(build, run.record.builder, record);
  run.record.steps.push_back(record);
  if (++run.step < run.script.steps.size())
    start_step(build, now);
  else
    finish_build(build, now);
}

void Player::finish_build(std::int64_t build, std::int64_t now) {
  Running run = std::move(running_.at(build));
  running_.erase(build);
  run.record.complete_ms = now;
  run.record.results = run.script.results;
  run.record.state_string = run.script.state_string;
  log.now_ms = now - 1000;
  log.build_finished(build, run.number, 1, run.record);
  --busy_[run.record.worker], --busy_[run.record.builder + "@" + run.record.worker];
  if (run.script.results == Results::retry) {
    log.now_ms = now - 1000;
    log.request_pending(run.record.request.value, build);
    waiting_.insert(waiting_.begin(), {run.record.request.value, run.record.buildset.value,
                                       run.record.builder, run.record.changes});
  }
  try_start(now);
}

void Player::store_log(std::int64_t build, const Running& run) {
  const StepScript& s = run.script.steps[run.step];
  logstore::Writer writer(logs_, {BuildId{build}, static_cast<int>(run.step), 0, run.record.started_ms});
  for (std::int64_t n = 0; n < s.lines; n += kChunkLines) {
    const auto to = std::min(n + kChunkLines, s.lines);
    if (auto added = writer.append(logchunk::encode(text_of(run.record.builder, s, n, to), to - n, {}));
        !added)
      throw std::runtime_error(added.error().text);
  }
  writer.finish();
}

std::int64_t Player::lines_at(const Running& run, std::int64_t now) const {
  const StepScript& s = run.script.steps[run.step];
  const double part = static_cast<double>(now - run.step_started_ms) / (s.seconds / speed_ * 1000);
  return std::min(s.lines - 2, static_cast<std::int64_t>(part * static_cast<double>(s.lines)));
}

std::vector<LogGrowth> Player::growths(std::int64_t now_ms) {
  std::vector<LogGrowth> out;
  for (const auto& [build, run] : running_)
    out.push_back({BuildId{build}, static_cast<int>(run.step), 0, lines_at(run, now_ms), 0});
  return out;
}

void Player::read(const LogAddress& address, std::int64_t line, Answer answer) {
  const auto it = running_.find(address.build.value);
  if (it == running_.end() || static_cast<int>(it->second.step) != address.step)
    return answer(fail("this log does not run"));
  const std::int64_t lines = lines_at(it->second, now_ms_);
  LogSlice slice;
  slice.first_line = line;
  if (line < lines) {
    const auto to = std::min(lines, line + kChunkLines);
    const auto text = text_of(it->second.record.builder, it->second.script.steps[it->second.step], line, to);
    slice.chunks = {logchunk::encode(text, to - line, {})};
  }
  answer(std::move(slice));
}

}  // namespace headrace::web::demo
