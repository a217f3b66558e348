// SPDX-License-Identifier: Apache-2.0
#include "worker/testing/world.hpp"

#include <algorithm>

namespace headrace::worker::testing {

World::World(std::uint64_t seed, CoreSettings settings) : random_(seed) {
  settings.instance = "0123456789abcdef";
  settings.info.version = "test";
  settings.info.facts = {{"host", "mill"}};
  settings.machine.base_directory = "/base";
  settings.machine.environment = {{"PATH", "/bin"}};
  settings.seed = seed;
  core = std::make_unique<WorkerCore>(std::move(settings));
  core->on_started(instant());
  perform();
}

void World::deliver(std::multimap<MonoTime, FakeServer::Reply>& queue, FakeServer::Reply message) {
  std::uniform_real_distribution<double> chance(0, 1);
  if (network_down || chance(random_) < loss) return;
  const int copies = chance(random_) < repeat ? 2 : 1;
  for (int i = 0; i < copies; ++i) {
    const auto delay = std::uniform_int_distribution<std::int64_t>(0, longest_delay.count())(random_);
    queue.emplace(now + milliseconds(delay), message);
  }
}

void World::perform() {
  for (auto& action : core->take_actions()) {
    if (auto* m = std::get_if<Send>(&action)) {
      ++sent[m->name];
      deliver(to_server_, {m->name, m->body});
    } else if (auto* start = std::get_if<StartCommand>(&action)) {
      started.push_back(*start);
      Run run;
      run.script = script ? script(*start) : Script{};
      run.at = now + (run.script.prints.empty() ? run.script.then : run.script.prints[0].after);
      runs_[start->exec] = run;
      reading[start->exec] = true;
    } else if (auto* kill = std::get_if<KillCommand>(&action)) {
      killed.push_back(*kill);
      const auto it = runs_.find(kill->exec);
      if (it != runs_.end()) it->second.killed = true, it->second.at = now + milliseconds(1);
    } else if (auto* discard = std::get_if<DiscardOutput>(&action)) {
      const auto it = runs_.find(discard->exec);
      if (it != runs_.end()) it->second.discard = true;
      reading[discard->exec] = true;
    } else if (auto* read = std::get_if<SetReading>(&action)) {
      reading[read->exec] = read->on;
      const auto it = runs_.find(read->exec);
      if (read->on && it != runs_.end()) it->second.at = std::max(it->second.at, now);
    } else if (auto* note = std::get_if<Note>(&action)) {
      notes.push_back(note->text);
    } else if (std::holds_alternative<Connect>(action)) {
      ++connects;
      if (std::get<Connect>(action).in_vain) ++connects_in_vain;
      to_server_.clear();  // what was on the old socket
      to_worker_.clear();
    } else if (std::holds_alternative<Quit>(action)) {
      quit = true;
    }
  }
}

MonoTime World::next_event() const {
  MonoTime first = core->next_wake().value_or(MonoTime::max());
  if (!to_server_.empty()) first = std::min(first, to_server_.begin()->first);
  if (!to_worker_.empty()) first = std::min(first, to_worker_.begin()->first);
  for (const auto& [exec, run] : runs_) {
    const bool waits =
        (run.script.for_ever && !run.killed && run.next == run.script.prints.size()) || !reading.at(exec);
    if (!waits) first = std::min(first, run.at);
  }
  return first;
}

void World::end(ExecId exec) {
  const Run run = runs_.at(exec);
  runs_.erase(exec);
  Exit exit = run.script.exit;
  if (run.killed) exit = Exit{0, 9, false};
  if (run.script.failure) {
    core->on_command(exec, *run.script.failure, instant());
  } else {
    core->on_command(exec, exit, instant());
  }
}

void World::step() {
  while (!to_server_.empty() && to_server_.begin()->first <= now) {
    const auto m = to_server_.begin()->second;
    to_server_.erase(to_server_.begin());
    for (auto& reply : server.on_message(m.first, m.second)) deliver(to_worker_, std::move(reply));
  }
  for (auto& offer : server.offers()) deliver(to_worker_, std::move(offer));
  while (!to_worker_.empty() && to_worker_.begin()->first <= now) {
    const auto m = to_worker_.begin()->second;
    to_worker_.erase(to_worker_.begin());
    core->on_message(m.first, m.second, instant());
    perform();
  }
  std::vector<ExecId> due;
  for (const auto& [exec, run] : runs_)
    if (run.at <= now && reading.at(exec)) due.push_back(exec);
  for (const auto exec : due) {
    auto it = runs_.find(exec);
    if (it == runs_.end()) continue;
    Run& run = it->second;
    if (run.killed || run.next == run.script.prints.size()) {
      if (run.script.for_ever && !run.killed) continue;
      end(exec);
    } else {
      const auto print = run.script.prints[run.next++];
      run.at =
          now + (run.next < run.script.prints.size() ? run.script.prints[run.next].after : run.script.then);
      if (!run.discard) {
        if (print.channel == 'o') wrote[exec] += print.bytes;
        core->on_command(exec, CommandOutput{print.channel, print.bytes}, instant());
      }
    }
    perform();
  }
  if (const auto wake = core->next_wake(); wake && *wake <= now) {
    core->on_timer(instant());
    perform();
  }
}

bool World::run_until(const std::function<bool()>& done, milliseconds limit) {
  const MonoTime end_of_time = now + limit;
  while (!done()) {
    const MonoTime next = std::max(now, next_event());
    if (next > end_of_time) {
      now = end_of_time;
      return done();
    }
    now = next;
    step();
  }
  return true;
}

void World::run_for(milliseconds time) {
  run_until([] { return false; }, time);
}

void World::stop(const std::string& reason) {
  core->on_stop(reason, instant());
  perform();
}

void World::disconnect() {
  core->on_disconnected(instant());
  perform();
}

void World::inject(const std::string& name, const std::string& body) {
  core->on_message(name, body, instant());
  perform();
}

wire::StepPlan shell(const std::string& command, const std::string& name) {
  wire::StepPlan s;
  s.kind = "command";
  s.name = name;
  s.command = command;
  return s;
}

wire::BuildPlan plan(std::vector<wire::StepPlan> steps) {
  wire::BuildPlan p;
  p.builder = "b";
  p.steps = std::move(steps);
  return p;
}

}  // namespace headrace::worker::testing
