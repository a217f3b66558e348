// SPDX-License-Identifier: Apache-2.0
#include "simulation/dispatcher_process.hpp"

#include "simulation/mutations.hpp"
#include "store/state/request.hpp"
#include "wire/events.hpp"

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
  load_requests();
}

void SimulatedDispatcher::load_requests() {
  process_.read(store::open_requests(), [this](store::OpenRequests open) {
    config_.refresh([this, open = std::move(open)] {
      core_ = std::make_unique<dispatcher::Core>(
          dispatcher::CoreSettings{process_.instance(), kWorkerLease, kHeartbeat, milliseconds(2000),
                                   kMaxAttempts, [this] { return env_.dice.hex(32); }},
          config_.current(), config_.version(), open.requests, now());
      process_.loaded(open.head);
      perform();
    });
  });
}

void SimulatedDispatcher::unload() {
  generation_.renew();
  core_.reset();
  log_calls_.clear();
  match_at_.reset();
}

void SimulatedDispatcher::on_event(const wire::Event& event) {
  const auto any = wire::read_event(event);
  if (std::holds_alternative<wire::ConfigApplied>(any))
    return config_.refresh([this] {
      if (core_) core_->on_configuration(config_.current(), config_.version(), now());
      perform();
    });
  if (core_) core_->on_event(any, now());
  perform();
}

void SimulatedDispatcher::on_tick() {
  if (core_) core_->on_tick(now());
  perform();
}

void SimulatedDispatcher::on_message(const std::string& peer, const std::string& user,
                                     const std::string& name, const std::string& body) {
  if (!core_) return;
  core_->on_message(peer, user, name, body, now());
  perform();
  match();
}

void SimulatedDispatcher::match(bool anew) {
  if (!core_) return;
  core_->match(now(), anew);
  perform();
  const auto next = core_ ? core_->next_match() : std::nullopt;
  if (!next || match_at_ == next) return;
  match_at_ = next;
  env_.timeline.at(*next, generation_.guard([this, at = *next] {
    if (match_at_ != at) return;
    match_at_.reset();
    match(true);
  }));
}

dispatcher::Now SimulatedDispatcher::now() const { return {env_.timeline.now(), process_.wall_now()}; }

void SimulatedDispatcher::perform() {
  while (core_) {
    auto actions = core_->take_actions();
    if (actions.empty()) return;
    for (auto& action : actions) std::visit([this](auto& a) { perform(a); }, action);
  }
}

void SimulatedDispatcher::answer(dispatcher::Ticket ticket, dispatcher::Answer answer) {
  if (!core_ || !ticket) return;
  core_->on_answer(ticket, std::move(answer), now());
  perform();
  match();
}

void SimulatedDispatcher::perform(dispatcher::Commit& a) {
  auto call = std::move(a.call);
  const auto done = [this, ticket = a.ticket](store::Reply reply) { answer(ticket, std::move(reply)); };
  if (env_.mutation == Mutation::attempt_skipped) skip_attempt(env_, call);
  if (env_.mutation == Mutation::late_hello_counts && call.is<store::WorkerHello>())
    return process_.commit_call(call, [this, call, done](store::Reply reply) {
      const auto opened = store::WorkerHello::read(reply);
      if (opened && opened->session)
        process_.commit_call(store::WorkerRenew{kWorkerLease, {{call.args[0], opened->session}}}.call(),
                             [](auto) {});
      done(std::move(reply));
    });
  const auto ends = env_.mutation != Mutation::none ? claim_that_ends(call) : std::nullopt;
  if (env_.mutation == Mutation::refused_without_end && ends && env_.faulty.contains(ends->nonce)) return;
  if (env_.mutation == Mutation::verdict_twice && ends)
    return process_.commit_call(call, end_twice(env_, call, done));
  process_.commit_call(std::move(call), done);
}

void SimulatedDispatcher::perform(dispatcher::AppendLog& a) {
  log_calls_.add(std::move(a.call),
                 [this, ticket = a.ticket](store::Reply reply) { answer(ticket, std::move(reply)); });
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

void SimulatedDispatcher::perform(dispatcher::Ask& a) {
  std::visit(
      [&](const auto& question) {
        process_.read(read_of(question),
                      [this, ticket = a.ticket](auto found) { answer(ticket, std::move(found)); });
      },
      a.question);
}

void SimulatedDispatcher::perform(dispatcher::WantConfiguration& a) {
  const bool ignored = env_.mutation == Mutation::version_ignored;
  config_.at(ignored ? config_.version() : a.version,
             generation_.guard([this, ticket = a.ticket](dispatcher::ConfigurationPtr configuration) {
               answer(ticket, std::move(configuration));
             }));
}

void SimulatedDispatcher::perform(dispatcher::Send& a) {
  if (env_.mutation == Mutation::never_accepted && std::string(a.name) == wire::Accepted::kName) return;
  if (env_.mutation == Mutation::cancel_unheard) a.body = without_cancels(a.name, a.body);
  network_.send_down(index_, a.peer, a.name, a.body);
}

}  // namespace headrace::simulation
