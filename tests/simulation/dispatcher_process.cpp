// SPDX-License-Identifier: Apache-2.0
#include "simulation/dispatcher_process.hpp"

#include "dispatcher/load.hpp"
#include "simulation/mutations.hpp"

namespace headrace::simulation {

SimulatedDispatcher::SimulatedDispatcher(DispatcherProcess& process, Environment& environment,
                                         Network& network, std::size_t index)
    : env_(environment),
      process_(process),
      network_(network),
      index_(index),
      log_line_(
          environment, [this] { lose_log_line(); }, [this] { process_.crash(); }),
      config_(process, environment.evaluate) {}

void SimulatedDispatcher::lose_log_line() {
  log_line_.cut();
  process_.reload("the connection for logs was lost");
}

void SimulatedDispatcher::load() {
  unload();  // what an interrupted load left
  log_line_.open();
  config_.refresh([this] { load_requests(); });
}

void SimulatedDispatcher::load_requests() {
  const auto read_words = [this](std::vector<std::string> words,
                                 std::function<void(store::RedisReply)> done) {
    process_.command(std::move(words), std::move(done));
  };
  dispatcher::read_open_requests(keys(), read_words,
                                 [this](events::Cursor cursor, std::vector<dispatcher::LoadedRequest> open) {
                                   core_ = std::make_unique<dispatcher::Core>(
                                       static_cast<dispatcher::Effects&>(*this),
                                       dispatcher::CoreSettings{process_.instance(), kWorkerLease, kHeartbeat,
                                                                milliseconds(2000), kMaxAttempts},
                                       config_.current(), config_.version(), std::move(open));
                                   process_.loaded(cursor);
                                 });
}

void SimulatedDispatcher::unload() {
  generation_.renew();
  core_.reset();
  log_calls_.clear();
  match_at_.reset();
}

void SimulatedDispatcher::on_event(const wire::Event& event) {
  if (event.is("config.applied"))
    return config_.refresh([this] {
      if (core_) core_->on_configuration(config_.current(), config_.version());
    });
  if (core_) core_->on_event(event);
}

void SimulatedDispatcher::on_tick() {
  if (core_) core_->on_tick();
}

void SimulatedDispatcher::on_message(const std::string& peer, const std::string& user,
                                     const std::string& name, const std::string& body) {
  if (!core_) return;
  core_->on_message(peer, user, name, body);
  match();
}

void SimulatedDispatcher::match() {
  if (!core_) return;
  core_->match();
  const auto next = core_ ? core_->next_match() : std::nullopt;
  if (!next || match_at_ == next) return;
  match_at_ = next;
  env_.timeline.at(*next, generation_.guard([this, at = *next] {
    if (match_at_ != at) return;
    match_at_.reset();
    core_->match_anew();
    match();
  }));
}

// ---- Effects ----

void SimulatedDispatcher::commit(store::Call call, std::function<void(store::Reply)> done) {
  if (env_.mutation == Mutation::attempt_skipped) skip_attempt(env_, call);
  if (env_.mutation == Mutation::verdict_twice && is_finish(call))
    return process_.commit(call, end_twice(env_, call, std::move(done)));
  process_.commit(std::move(call), std::move(done));
}

void SimulatedDispatcher::append_log(store::Call call, std::function<void(store::Reply)> done) {
  log_calls_.add(std::move(call), std::move(done));
  flush_logs();
}

void SimulatedDispatcher::flush_logs() {
  if (!log_line_.is_open()) return;
  auto calls = log_calls_.begin();
  if (calls.empty()) return;
  log_line_.commit(std::move(calls), generation_.guard([this](std::vector<store::Reply> replies) {
    const auto mark = generation_.mark();
    log_calls_.answer(std::move(replies));
    if (mark.current()) flush_logs();
  }));
}

void SimulatedDispatcher::read(std::vector<std::string> words, std::function<void(store::RedisReply)> done) {
  process_.command(std::move(words), std::move(done));
}

void SimulatedDispatcher::configuration(ConfigVersion version,
                                        std::function<void(std::shared_ptr<config::Configuration>)> done) {
  config_.at(version, std::move(done));
}

void SimulatedDispatcher::send(const std::string& peer, const char* name, const std::string& body) {
  if (env_.mutation == Mutation::never_accepted && std::string(name) == wire::Accepted::kName) return;
  network_.send_down(index_, peer, name, body);
}

void SimulatedDispatcher::reload(const std::string& reason) { process_.reload(reason); }
std::int64_t SimulatedDispatcher::wall_ms() { return to_ms(process_.wall_now()); }

}  // namespace headrace::simulation
