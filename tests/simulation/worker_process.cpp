// SPDX-License-Identifier: Apache-2.0
#include "simulation/worker_process.hpp"

#include "simulation/dispatcher_process.hpp"
#include "simulation/mutations.hpp"

namespace headrace::simulation {
namespace {

// As in the launcher's client.
constexpr milliseconds kLeastLeft{1000};
constexpr milliseconds kCutOff{3000};

std::int64_t to_milliseconds(MonoTime::duration time) {
  return std::chrono::duration_cast<milliseconds>(time).count();
}

}  // namespace

void WorkerProcess::start() {
  ++life_;
  worker::CoreSettings s;
  s.instance = env_.dice.hex(16);
  s.info.name = name_;
  s.info.version = "simulated";
  s.machine.base_directory = "/" + name_;
  s.machine.environment = {{"PATH", "/bin"}};
  s.spool_bytes = 300'000;
  s.window_bytes = 150'000;
  s.seed = static_cast<std::uint64_t>(env_.dice.between(1, 1'000'000'000));
  core_ = std::make_unique<worker::WorkerCore>(std::move(s));
  armed_.reset();
  frozen_until_ = {};
  core_->on_started(now());
  perform();
}

void WorkerProcess::crash() {
  if (!core_) return;
  env_.trace(name_ + " crashes");
  ++env_.crashes;
  ++life_;
  for (auto& [exec, run] : runs_) {
    auto& what = started_[run.argv];
    what.disturbed = true;
    what.killed_ms = std::min(what.killed_ms, env_.timeline.wall_ms());
  }
  runs_.clear();
  core_.reset();
  network_.close(name_);
  env_.timeline.after(env_.dice.wait(200, 15'000), [this, life = life_] {
    if (life == life_) start();
  });
}

void WorkerProcess::freeze(milliseconds time) {
  if (!core_) return;
  env_.trace(name_ + " freezes for " + std::to_string(time.count()) + " ms");
  frozen_until_ = std::max(frozen_until_, env_.timeline.now() + time);
  if (env_.mutation == Mutation::lease_uncounted) return;
  // The launcher has heard every second what is left of the lease.
  const auto now = env_.timeline.now();
  const bool leased = now < core_->lease_end();
  const auto end = leased ? std::max(core_->lease_end(), now + kLeastLeft) : now + kCutOff;
  if (frozen_until_ < end) return;
  for (auto& [exec, run] : runs_) {
    run.lost = true;
    started_[run.argv].disturbed = true;
    if (leased) started_[run.argv].killed_ms = env_.timeline.wall_ms() + to_milliseconds(end - now);
    plan(exec, milliseconds(1));
  }
}

void WorkerProcess::stop() {
  if (!core_) {
    ++life_;  // it crashed, and is not started again
    return;
  }
  core_->on_stop("the simulation ends", now());
  perform();
}

void WorkerProcess::when_awake(MonoTime when, std::function<void()> what) {
  env_.timeline.at(when, [this, life = life_, what = std::move(what)] {
    if (life != life_) return;
    if (env_.timeline.now() < frozen_until_) return when_awake(frozen_until_, what);
    what();
  });
}

void WorkerProcess::on_message(const std::string& name, const std::string& body) {
  if (!core_) return;
  if (env_.timeline.now() < frozen_until_)
    return when_awake(frozen_until_, [this, name, body] { on_message(name, body); });
  core_->on_message(name, env_.mutation == Mutation::lease_uncounted ? with_endless_lease(name, body) : body,
                    now());
  perform();
}

void WorkerProcess::on_disconnected() {
  if (!core_) return;
  if (env_.timeline.now() < frozen_until_) return when_awake(frozen_until_, [this] { on_disconnected(); });
  core_->on_disconnected(now());
  perform();
}

void WorkerProcess::perform() {
  for (auto actions = core_->take_actions(); !actions.empty(); actions = core_->take_actions())
    for (const auto& action : actions) {
      perform(action);
      if (!core_) return;
    }
  arm();
}

void WorkerProcess::perform(const worker::Action& action) {
  if (const auto* send = std::get_if<worker::Send>(&action)) {
    auto body = send->body;
    if (env_.mutation == Mutation::late_hello_counts) body = without_number(send->name, body);
    if (send->name == wire::Report::kName) body = faulty(std::move(body));
    if (env_.mutation == Mutation::log_byte_changed && send->name == wire::Report::kName)
      body = with_changed_log(body);
    network_.send_up(name_, send->name, std::move(body));
  } else if (const auto* start = std::get_if<worker::StartCommand>(&action)) {
    Run run;
    run.argv = start->argv;
    run.step = step_of(start->argv);
    ++started_[start->argv].times;
    started_[start->argv].at_ms = env_.timeline.wall_ms();
    if (env_.mutation == Mutation::started_unasked) {
      auto other = start->argv;
      other.at(2) += "000";
      ++started_[other].times;
    }
    runs_[start->exec] = std::move(run);
    plan(start->exec, env_.dice.wait(1, 500));
  } else if (const auto* kill = std::get_if<worker::KillCommand>(&action)) {
    const auto it = runs_.find(kill->exec);
    if (it == runs_.end()) return;
    it->second.killed = true;
    started_[it->second.argv].disturbed = true;
    plan(kill->exec, env_.dice.wait(1, 50));
  } else if (const auto* discard = std::get_if<worker::DiscardOutput>(&action)) {
    if (const auto it = runs_.find(discard->exec); it != runs_.end())
      it->second.discard = it->second.reading = true;
  } else if (const auto* reading = std::get_if<worker::SetReading>(&action)) {
    const auto it = runs_.find(reading->exec);
    if (it == runs_.end()) return;
    it->second.reading = reading->on;
    if (reading->on) plan(reading->exec, milliseconds(1));
  } else if (const auto* note = std::get_if<worker::Note>(&action)) {
    env_.trace(name_ + ": " + note->text);
  } else if (std::holds_alternative<worker::Connect>(action)) {
    network_.connect(name_);
  } else if (std::holds_alternative<worker::Quit>(action)) {
    core_.reset();
    ++life_;
  }
}

// A fault of the worker stays with its build: the report is wrong each time it is sent.
std::string WorkerProcess::faulty(std::string report) {
  if (env_.rates.spoilt == 0) return report;
  auto message = wire::decode<wire::Report>(report).value();
  if (env_.misfortune(env_.rates.spoilt)) env_.faulty.insert(message.claim.nonce);
  if (!env_.faulty.contains(message.claim.nonce)) return report;
  env_.trace(name_ + " spoils a report of request " + std::to_string(message.claim.request.value));
  spoil(message);
  return wire::encode(message);
}

void WorkerProcess::plan(worker::ExecId exec, milliseconds wait) {
  when_awake(env_.timeline.now() + wait, [this, exec] { go_on(exec); });
}

void WorkerProcess::go_on(worker::ExecId exec) {
  const auto found = runs_.find(exec);
  if (found == runs_.end()) return;
  auto& run = found->second;
  const bool dead = run.killed || run.lost;
  if (!dead && !run.reading) return;
  if (!dead && run.next < run.step.prints.size()) {
    const auto print = run.step.prints[run.next++];
    plan(exec, env_.dice.chance(0.1) ? env_.dice.wait(500, 5000) : env_.dice.wait(1, 400));
    if (!run.discard) core_->on_command(exec, worker::CommandOutput{print.channel, print.bytes}, now());
  } else {
    const worker::Exit exit{dead ? 0 : run.step.exit_code, dead ? 9 : 0, run.lost && !run.killed};
    runs_.erase(found);
    core_->on_command(exec, exit, now());
  }
  perform();
}

void WorkerProcess::arm() {
  const auto wake = core_->next_wake();
  if (!wake || (armed_ && *armed_ <= *wake && *armed_ > env_.timeline.now())) return;
  armed_ = wake;
  when_awake(*wake, [this, at = *wake] {
    if (armed_ != at) return;
    armed_.reset();
    core_->on_timer(now());
    perform();
  });
}

}  // namespace headrace::simulation
