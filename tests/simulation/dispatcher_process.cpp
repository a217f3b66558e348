// SPDX-License-Identifier: Apache-2.0
#include "simulation/dispatcher_process.hpp"

#include "dispatcher/load.hpp"
#include "simulation/mutations.hpp"

namespace headrace::simulation {

DispatcherProcess::DispatcherProcess(Environment& environment, Network& network, std::size_t index)
    : Process(environment, "dispatcher" + std::to_string(index)),
      network_(network),
      index_(index),
      log_line_(
          environment, [this] { lose_log_line(); }, [this] { crash(); }) {}

void DispatcherProcess::lose_log_line() {
  log_line_.cut();
  reload_state("the connection for logs was lost");
}

void DispatcherProcess::load() {
  ++log_life_;
  log_calls_.clear();
  log_in_flight_ = false;
  log_line_.open();
  refresh([this] {
    const auto read_words_ = [this](std::vector<std::string> words,
                                    std::function<void(store::RedisReply)> done) {
      read_words(std::move(words), std::move(done));
    };
    dispatcher::read_open_requests(
        keys(), read_words_, [this](events::Cursor cursor, std::vector<dispatcher::LoadedRequest> open) {
          core_ = std::make_unique<dispatcher::Core>(
              static_cast<dispatcher::Effects&>(*this),
              dispatcher::CoreSettings{instance(), kWorkerLease, milliseconds(2000), milliseconds(2000),
                                       kMaxAttempts},
              env_.configuration, version_, std::move(open));
          loaded(cursor);
        });
  });
}

void DispatcherProcess::refresh(std::function<void()> done) {
  read_words({"HGET", keys()("config"), "version"}, [this, done = std::move(done)](store::RedisReply r) {
    version_.value = std::stoll(r.text);
    done();
  });
}

void DispatcherProcess::unload() {
  core_.reset();
  ++log_life_;
  log_calls_.clear();
  log_in_flight_ = false;
  match_at_.reset();
}

void DispatcherProcess::on_crash() {
  log_line_.cut();
  network_.break_all_of(index_);
}

void DispatcherProcess::on_event(const wire::Event& event) {
  if (event.is("config.applied"))
    return refresh([this] {
      if (core_) core_->on_configuration(env_.configuration, version_);
    });
  if (core_) core_->on_event(event);
}

void DispatcherProcess::on_tick() {
  if (core_) core_->on_tick();
}

void DispatcherProcess::on_message(const std::string& peer, const std::string& user, const std::string& name,
                                   const std::string& body) {
  if (!core_) return;
  core_->on_message(peer, user, name, body);
  match();
}

void DispatcherProcess::match() {
  if (!core_) return;
  core_->match();
  const auto next = core_->next_match();
  if (!next || match_at_ == next || *next <= env_.timeline.now()) return;
  match_at_ = next;
  in_this_life(*next, [this, at = *next] {
    if (match_at_ == at) match();
  });
}

// ---- Effects ----

void DispatcherProcess::commit(store::Call call, std::function<void(store::Reply)> done) {
  if (env_.mutation == Mutation::attempt_skipped) skip_attempt(env_, call);
  if (env_.mutation == Mutation::verdict_twice && is_finish(call))
    return commit_call(call, end_twice(env_, call, std::move(done)));
  commit_call(std::move(call), std::move(done));
}

void DispatcherProcess::append_log(store::Call call, std::function<void(store::Reply)> done) {
  log_calls_.emplace_back(std::move(call), std::move(done));
  flush_logs();
}

void DispatcherProcess::flush_logs() {
  if (log_in_flight_ || log_calls_.empty() || !log_line_.is_open()) return;
  log_in_flight_ = true;
  auto batch = std::make_shared<decltype(log_calls_)>(std::exchange(log_calls_, {}));
  std::vector<store::Call> calls;
  for (auto& [call, done] : *batch) calls.push_back(call);
  log_line_.commit(std::move(calls), [this, batch, life = log_life_](std::vector<store::Reply> replies) {
    if (life != log_life_) return;
    log_in_flight_ = false;
    for (std::size_t i = 0; i < replies.size() && life == log_life_; ++i)
      (*batch)[i].second(std::move(replies[i]));
    if (life == log_life_) flush_logs();
  });
}

void DispatcherProcess::read(std::vector<std::string> words, std::function<void(store::RedisReply)> done) {
  read_words(std::move(words), std::move(done));
}

void DispatcherProcess::configuration(ConfigVersion version,
                                      std::function<void(std::shared_ptr<config::Configuration>)> done) {
  if (version == version_) return done(env_.configuration);  // as from LiveConfig's cache
  read_words({"GET", keys()("config:" + std::to_string(version.value))},
             [this, done = std::move(done)](store::RedisReply r) {
               done(r.text.empty() ? nullptr : env_.configuration);
             });
}

void DispatcherProcess::send(const std::string& peer, const char* name, const std::string& body) {
  if (env_.mutation == Mutation::never_accepted && std::string(name) == wire::Accepted::kName) return;
  network_.send_down(index_, peer, name, body);
}

}  // namespace headrace::simulation
