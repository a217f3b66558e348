// SPDX-License-Identifier: Apache-2.0
// Inputs of the machine (output, exits, timers), sending, the spool. Messages: core_messages.cpp.
#include "worker/core/core.hpp"

#include <algorithm>
#include <csignal>

namespace headrace::worker {
namespace {
constexpr milliseconds kAskAgain{1000};       // accept, question
constexpr milliseconds kFirstPatience{1000};  // for an acknowledgement
constexpr milliseconds kLongestPatience{5000};
}  // namespace

WorkerCore::WorkerCore(CoreSettings settings) : settings_(std::move(settings)), session_(settings_.seed) {
  settings_.machine.facts.insert(settings_.info.facts.begin(), settings_.info.facts.end());
  settings_.machine.facts["version"] = settings_.info.version;
}

void WorkerCore::on_started(Now now) {
  session_.start(now.mono);
  on_timer(now);
}

WorkerCore::HeldBuild* WorkerCore::find(const wire::Claim& claim) {
  const auto it = held_.find(claim);
  return it == held_.end() ? nullptr : &it->second;
}

void WorkerCore::track(HeldBuild& held) {
  const auto current = held.build->exec();
  if (held.exec == current) return;
  // A command that did not end even when killed: the build goes on, its directory is not free.
  if (held.exec && execs_.erase(*held.exec) > 0) dying_[*held.exec] = held.build->directory();
  held.exec = current;
  if (!current) return;
  execs_[*current] = held.claim;
  ++counts_.commands_started;
}

void WorkerCore::on_command(ExecId exec, const CommandInput& input, Now now) {
  const auto* output = std::get_if<CommandOutput>(&input);
  if (output == nullptr) {
    paused_.erase(exec);
    if (dying_.erase(exec) > 0) {
      start_waiting(now);
      return after_input(now);
    }
  }
  const auto it = execs_.find(exec);
  if (it == execs_.end()) return;
  HeldBuild& held = held_.at(it->second);
  if (output != nullptr) {
    counts_.output_bytes += static_cast<std::int64_t>(output->bytes.size());
    held.build->on_command(input, now);
    return after_input(now);
  }
  execs_.erase(it);
  if (const auto* exit = std::get_if<Exit>(&input); exit != nullptr && exit->lost) {
    // This process stood still for its lease, or somebody killed the launcher: the command is dead, and so is
    // the build. A hello without it tells the server, if it has not given the build away already.
    held.exec.reset();
    forget(wire::Claim(held.claim), "its command was killed together with the launcher, or for its lease");
    session_.greet_again(now.mono);
    return on_timer(now);
  }
  held.build->on_command(input, now);
  track(held);
  start_waiting(now);
  after_input(now);
}

void WorkerCore::on_timer(Now now) {
  for (bool more = true; more;) {
    switch (session_.on_timer(now.mono)) {
      case WorkerSession::Due::nothing:
        more = false;
        break;
      case WorkerSession::Due::connect_and_hello:
        if (stop_by_) return check_stop(now);
        ++counts_.reconnects;
        actions_.push_back(Connect{std::exchange(unanswered_, true)});
        send_hello(now);
        break;
      case WorkerSession::Due::hello:
        send_hello(now);
        break;
      case WorkerSession::Due::heartbeat:
        send_heartbeat(now);
        break;
    }
  }
  for (auto& [claim, held] : held_) {
    const auto wake = held.build->next_wake();
    if (wake && *wake <= now.mono) {
      held.build->on_command(TimerDue{}, now);
      track(held);
    }
  }
  start_waiting(now);
  after_input(now);
}

void WorkerCore::on_disconnected(Now now) {
  if (!session_.welcomed()) return;
  note(Note::Level::info,
       "the connection to the server broke session=" + std::to_string(session_.session().value));
  session_.on_disconnected(now.mono);
  after_input(now);
}

void WorkerCore::on_stop(const std::string& reason, Now now) {
  if (stop_by_) return;
  stop_reason_ = reason;
  stop_by_ = now.mono + kStopGrace;
  forget_all("the worker stops: " + reason);
  after_input(now);
}

void WorkerCore::check_stop(Now now) {
  if (!stop_by_ || quit_) return;
  if (!dying_.empty() && now.mono < *stop_by_) return;
  quit_ = true;
  if (session_.welcomed()) {
    wire::Goodbye goodbye;
    goodbye.session = session_.session();
    goodbye.reason = stop_reason_;
    send(goodbye);
  }
  actions_.push_back(Quit{});
}

void WorkerCore::forget(const wire::Claim& claim, const std::string& why) {
  const auto it = held_.find(claim);
  if (it == held_.end()) return;
  HeldBuild& held = it->second;
  note(Note::Level::info, "build forgotten request=" + std::to_string(claim.request.value) +
                              " build=" + std::to_string(held.id.value) + " why=\"" + why + "\"");
  if (held.exec && execs_.erase(*held.exec) > 0 && waiting_.erase(*held.exec) == 0) {
    dying_[*held.exec] = held.build->directory();
    paused_.erase(*held.exec);
    actions_.push_back(DiscardOutput{*held.exec});
    actions_.push_back(KillCommand{*held.exec, 0ms});
  }
  held_.erase(it);
}

void WorkerCore::forget_all(const std::string& why) {
  while (!held_.empty()) forget(wire::Claim(held_.begin()->first), why);
}

bool WorkerCore::directory_is_free(const HeldBuild& held) const {
  const auto& directory = held.build->directory();
  for (const auto& [exec, busy] : dying_)
    if (busy == directory) return false;
  return std::none_of(held_.begin(), held_.end(), [&](const auto& other) {
    const HeldBuild& h = other.second;
    return &h != &held && h.stage == Stage::running && !h.build->ended() && h.build->directory() == directory;
  });
}

void WorkerCore::start_waiting(Now now) {
  for (auto& [claim, held] : held_) {
    if (held.stage != Stage::accepted || !directory_is_free(held)) continue;
    held.stage = Stage::running;
    held.build->begin(held.id, held.number, now);
    track(held);
  }
}

int WorkerCore::free_slots() const {
  if (stop_by_) return 0;
  const auto busy =
      std::count_if(held_.begin(), held_.end(), [](const auto& h) { return !h.second.finish_sent; });
  return std::max(0, slots_ - static_cast<int>(busy));
}

void WorkerCore::after_input(Now now) {
  for (auto& [claim, held] : held_) {
    if (held.stage == Stage::offered) {
      if (session_.welcomed() && now.mono >= held.asked + kAskAgain) send_accept(held, now);
      continue;
    }
    send_reports(held, now);
    send_questions(held, now);
  }
  send_ready();
  balance_spool(now);
  hold_commands(now);
  check_stop(now);
}

// Past the lease no command starts before the server has answered: the build may be another worker's by now.
void WorkerCore::hold_commands(Now now) {
  const bool over = now.mono >= session_.lease_end();
  if (!over && waiting_.empty()) return;
  std::vector<ExecId> kept, killed;
  std::erase_if(actions_, [&](Action& action) {
    if (auto* start = std::get_if<StartCommand>(&action); start != nullptr && over) {
      kept.push_back(start->exec);
      waiting_.emplace(start->exec, std::move(*start));
      return true;
    }
    const auto* kill = std::get_if<KillCommand>(&action);
    if (kill == nullptr || waiting_.erase(kill->exec) == 0) return false;
    killed.push_back(kill->exec);
    return true;
  });
  for (const auto exec : kept) pause(exec, true, now);
  for (const auto exec : killed) on_command(exec, Exit{0, SIGKILL, false}, now);
  if (over) return;
  for (auto& [exec, start] : std::exchange(waiting_, {})) {
    actions_.push_back(std::move(start));
    // The spool may have filled up meanwhile; what is not started cannot be told to wait.
    if (paused_.contains(exec))
      actions_.push_back(SetReading{exec, false});
    else
      pause(exec, false, now);
  }
}

// A command that waits for its start is silent without a fault.
void WorkerCore::pause(ExecId exec, bool paused, Now now) {
  const auto of = execs_.find(exec);
  if (of == execs_.end()) return;
  if (paused)
    note(Note::Level::warn, "the lease has run out, the next command waits for the server request=" +
                                std::to_string(of->second.request.value));
  held_.at(of->second).build->on_command(ReadingPaused{paused}, now);
}

void WorkerCore::send_reports(HeldBuild& held, Now now) {
  if (!session_.welcomed() || held.stage != Stage::running) return;
  ProgressOutbox& outbox = held.build->outbox();
  if (outbox.awaits_acknowledgement() && now.mono >= held.last_progress + held.patience) {
    outbox.rewind();
    held.patience = std::min(held.patience * 2, kLongestPatience);
  }
  while (true) {
    if (outbox.all_sent()) {
      const auto due = held.build->flush_due();
      if (!due || *due > now.mono) break;
      held.build->flush(now);
    }
    const bool idle = !outbox.awaits_acknowledgement();
    auto report = outbox.next(settings_.window_bytes);
    if (!report) break;
    if (idle) held.last_progress = now.mono;
    report->session = session_.session();
    report->claim = held.claim;
    report->build = held.id;
    send(*report);
  }
  if (held.build->ended() && outbox.all_sent() && !outbox.has_pending()) held.finish_sent = true;
}

void WorkerCore::send_questions(HeldBuild& held, Now now) {
  if (!session_.welcomed()) return;
  for (auto& q : held.build->questions()) {
    if (q.sent && now.mono < *q.sent + kAskAgain) continue;
    q.sent = now.mono;
    q.message.session = session_.session();
    q.message.claim = held.claim;
    q.message.build = held.id;
    send(q.message);
  }
}

// When too much waits for the server no step is read any more, so it waits in its write: nothing is
// dropped, and memory stays bounded.
void WorkerCore::balance_spool(Now now) {
  std::size_t bytes = 0;
  for (const auto& [claim, held] : held_) bytes += held.build->bytes();
  counts_.spool_bytes = bytes;
  if (bytes >= settings_.spool_bytes) {
    for (const auto& [exec, claim] : execs_) {
      if (!paused_.insert(exec).second) continue;
      actions_.push_back(SetReading{exec, false});
      held_.at(claim).build->on_command(ReadingPaused{true}, now);
    }
  } else if (!paused_.empty() && bytes < settings_.spool_bytes / 4 * 3) {
    for (const auto exec : std::exchange(paused_, {})) {
      const auto it = execs_.find(exec);
      if (it == execs_.end()) continue;
      actions_.push_back(SetReading{exec, true});
      held_.at(it->second).build->on_command(ReadingPaused{false}, now);
    }
  }
}

std::optional<MonoTime> WorkerCore::next_wake() const {
  if (quit_) return std::nullopt;
  MonoTime first = session_.next_wake();
  const auto at = [&](std::optional<MonoTime> t) {
    if (t && *t < first) first = *t;
  };
  if (stop_by_) at(*stop_by_);
  for (const auto& [claim, held] : held_) {
    if (held.stage == Stage::offered) {
      if (session_.welcomed()) at(held.asked + kAskAgain);
      continue;
    }
    at(held.build->next_wake());
    if (!session_.welcomed()) continue;
    const ProgressOutbox& outbox = held.build->outbox();
    if (outbox.all_sent()) at(held.build->flush_due());
    if (outbox.awaits_acknowledgement()) at(held.last_progress + held.patience);
    for (const auto& q : held.build->questions())
      if (q.sent) at(*q.sent + kAskAgain);
  }
  return first;
}

bool WorkerCore::holds(BuildId build) const {
  return std::any_of(held_.begin(), held_.end(), [&](const auto& h) { return h.second.id == build; });
}

CoreStatus WorkerCore::status() const {
  CoreStatus s = counts_;
  s.connected = session_.welcomed();
  s.name = name_;
  s.session = session_.session();
  s.slots = slots_;
  s.builds = static_cast<int>(held_.size());
  s.spool_full = !paused_.empty();
  return s;
}

}  // namespace headrace::worker
