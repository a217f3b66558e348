// SPDX-License-Identifier: Apache-2.0
#include "simulation/process.hpp"

#include "simulation/mutations.hpp"

namespace headrace::simulation {
namespace {

std::vector<wire::Event> decode(const std::vector<store::RedisReply>& entries) {
  std::vector<wire::Event> out;
  for (const auto& entry : entries) {
    const auto& f = entry.items.at(1).items;
    out.push_back(wire::decode_event(f.at(1).text, f.at(3).text).value());
  }
  return out;
}

}  // namespace

Process::Process(Environment& environment, std::string name, service::SessionOptions options)
    : env_(environment),
      name_(std::move(name)),
      options_(options),
      line_(
          environment, [this] { lose_redis(); }, [this] { crash(); }),
      log_line_(
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
  log_line_.cut();
  armed_.reset();
  session_.reset();
  service_.reset();
  on_crash();
  env_.timeline.after(env_.dice.wait(100, 5000), life_.guard([this] { start(); }));
}

void Process::lose_redis() {
  if (!alive()) return;
  session_->on_lost("the simulation says so", env_.timeline.now());
  perform();
}

void Process::hear(wire::Event event) {
  if (!alive() || follows_log()) return;
  session_->on_event(std::move(event), env_.timeline.now());
  perform();
  env_.timeline.at(env_.timeline.now(), life_.guard([this] {
    session_->on_bus_drained();
    perform();
  }));
}

// ---- the house ----

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

void Process::ask(const std::function<store::Round(const store::Keys&)>& start) {
  if (session_->takes_calls()) run(start(keys()));
}

void Process::run(store::Round round) {
  struct Answered {
    store::Round round;
    std::vector<store::RedisReply> answers;
  };
  // Shared by the callbacks of the commands; the last answer ends it.
  auto answered = std::make_shared<Answered>(Answered{std::move(round), {}});
  const auto conclude = [this, answered] {
    if (auto next = store::take_answers(answered->round, std::move(answered->answers))) run(std::move(*next));
  };
  const auto commands = answered->round.commands;
  if (commands.empty()) return conclude();
  for (const auto& words : commands)
    command(words, [answered, conclude, wanted = commands.size()](store::RedisReply reply) {
      answered->answers.push_back(std::move(reply));
      if (answered->answers.size() == wanted) conclude();
    });
}

void Process::command(std::vector<std::string> words, std::function<void(store::RedisReply)> done) {
  if (!session_->takes_calls()) return;
  auto guarded = session_->generation().guard(std::move(done));
  if (env_.mutation == Mutation::timer_unaware && session_->loaded() && asks_for_level(words, keys())) {
    // An end of the log that is long past.
    auto reply = words.front() == "TIME" ? env_.store.command(words)
                                         : store::RedisReply{.items = std::vector<store::RedisReply>(2)};
    return env_.timeline.at(now(), [guarded, reply]() mutable { guarded(reply); });
  }
  line_.read(std::move(words), std::move(guarded));
}

void Process::call_at(MonoTime when, std::function<void()> what) {
  env_.timeline.at(when, life_.guard(std::move(what)));
}

// ---- the session ----

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
      if (follows_log()) log_line_.open();
      session_->on_connected(env_.timeline.now());
    }
    perform();
  }));
}

void Process::perform(service::action::Disconnect&) {
  connection_.renew();
  line_.cut();
  log_line_.cut();
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

void Process::perform(service::action::ReadLog& a) {
  auto give = session_->generation().guard([this](const std::vector<store::RedisReply>& entries) {
    session_->on_log_read(decode(entries), env_.timeline.now());
    perform();
  });
  if (a.read.block.count() > 0)
    return log_line_.follow(a.read.after, a.read.most, a.read.block, std::move(give));
  line_.read({"XRANGE", keys()("events"), std::to_string(a.read.after.value + 1) + "-0", "+", "COUNT",
              std::to_string(a.read.most)},
             [give](store::RedisReply r) mutable { give(r.items); });
}

void Process::perform(service::action::Publish& a) {
  std::vector<wire::Event> events;
  for (auto& p : a.events) events.push_back(std::move(p.event));
  env_.publish(events);
}

}  // namespace headrace::simulation
