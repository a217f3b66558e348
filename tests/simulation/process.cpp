// SPDX-License-Identifier: Apache-2.0
#include "simulation/process.hpp"

#include "simulation/mutations.hpp"
#include "store/state/events.hpp"

namespace headrace::simulation {
Process::Process(Environment& environment, std::string name, service::SessionOptions options)
    : env_(environment),
      name_(std::move(name)),
      options_(options),
      line_(
          environment, [this] { lose_redis(); }, [this] { crash(); }),
      event_log_line_(
          environment, [this] { lose_redis(); }, [this] { crash(); }) {}

void Process::start() {
  instance_ = name_ + "-" + env_.dice.hex(8);
  metrics_ = std::make_unique<process::Metrics>();
  session_.emplace(options_);
  service_ = make_service();
  service_->start();
  // Not all processes tick at the same instant.
  env_.timeline.after(env_.dice.wait(0, 1000), life_.guard([this] {
    session_->on_started(env_.timeline.now());
    perform();
  }));
}

void Process::crash() {
  if (!alive()) return;
  env_.trace(name_ + " crashes");
  ++env_.crashes;
  life_.renew();
  connection_.renew();
  line_.cut();
  event_log_line_.cut();
  armed_.reset();
  session_.reset();
  service_.reset();
  on_crash();
  env_.timeline.after(env_.dice.wait(100, 5000), life_.guard([this] { start(); }));
}

void Process::lose_redis() {
  if (!alive()) return;
  on_cut_off();
  session_->on_lost("the simulation says so", env_.timeline.now());
  perform();
}

void Process::hear(wire::Event event) {
  if (!alive() || follows_event_log()) return;
  session_->on_event(std::move(event), env_.timeline.now());
  perform();
  env_.timeline.at(env_.timeline.now(), life_.guard([this] {
    session_->on_bus_drained();
    perform();
  }));
}

void Process::loaded(events::Cursor cursor) {
  session_->on_loaded(std::move(cursor));
  perform();
}

void Process::reload(const std::string& reason) {
  session_->reload(reason, env_.timeline.now());
  perform();
}

void Process::commit_call(store::Call call, std::function<void(store::Reply)> done) {
  session_->commit(std::move(call), std::move(done));
  perform();
}

void Process::ask(const std::function<store::Round(const store::KeyNames&)>& start) {
  if (!session_->takes_calls()) return;
  auto round = store::while_current(session_->generation().mark(), start(env_.store.keys()));
  if (env_.mutation == Mutation::timer_unaware && session_->loaded() && asks_for_level(env_, round)) {
    auto answers = level_long_past(env_, round);
    return env_.timeline.at(now(), [round, answers] { store::take_answers(round, answers); });
  }
  line_.read(std::move(round));
}

void Process::call_at(MonoTime when, std::function<void()> what) {
  env_.timeline.at(when, life_.guard(std::move(what)));
}

void Process::perform() {
  if (performing_) return;
  performing_ = true;
  while (auto next = session_->next(env_.timeline.now())) std::visit([this](auto& a) { perform(a); }, *next);
  performing_ = false;
  arm();
}

void Process::arm() {
  const auto wake = session_->next_wake();
  if (!wake || (armed_ && *armed_ <= *wake)) return;
  armed_ = wake;
  env_.timeline.at(*wake, life_.guard([this, at = *wake] {
    if (armed_ != at) return;
    armed_.reset();
    session_->on_time(env_.timeline.now());
    perform();
  }));
}

void Process::perform(service::action::Connect&) {
  env_.timeline.after(env_.dice.wait(1, 50), connection_.guard([this] {
    if (env_.redis_down) {
      session_->on_lost("connection refused", env_.timeline.now());
    } else {
      line_.open();
      if (follows_event_log()) event_log_line_.open();
      session_->on_connected(env_.timeline.now());
    }
    perform();
  }));
}

void Process::perform(service::action::Disconnect&) {
  connection_.renew();
  line_.cut();
  event_log_line_.cut();
}

void Process::perform(service::action::PostTurn&) {
  env_.timeline.at(env_.timeline.now(), life_.guard([this] {
    session_->on_turn(env_.timeline.now());
    perform();
  }));
}

void Process::perform(service::action::Commit& a) {
  line_.commit(std::move(a.calls), session_->generation().guard([this](std::vector<store::Reply> replies) {
    session_->on_committed(std::move(replies), env_.timeline.now());
    perform();
  }));
}

void Process::perform(service::action::ReadEvents& a) {
  const auto mark = session_->generation().mark();
  const auto give = [this, mark](Result<std::vector<wire::Event>> events) {
    if (!mark.current()) return;
    session_->on_events_read(std::move(events), env_.timeline.now());
    perform();
  };
  if (a.read.block.count() > 0) return event_log_line_.follow(a.read.after, a.read.most, a.read.block, give);
  line_.read(store::events_after(a.read.after, a.read.most).start(env_.store.keys(), give));
}

void Process::perform(service::action::Publish& a) {
  std::vector<wire::Event> events;
  for (auto& p : a.events) events.push_back(std::move(p.event));
  env_.publish(events);
}

}  // namespace headrace::simulation
