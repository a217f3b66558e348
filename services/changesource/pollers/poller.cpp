// SPDX-License-Identifier: Apache-2.0
#include "changesource/pollers/poller.hpp"

#include "log/log.hpp"
#include "store/limits.hpp"
#include "store/state/site.hpp"
#include "store/transitions/change.hpp"

namespace headrace::changesource {

Poller::Poller(service::House& house, const config::Poller& declared, const PollerKind& kind,
               std::unique_ptr<PollRunner> runner, std::function<void(wire::Change&)> prepare)
    : house_(house),
      name_(declared.name),
      label_(std::string(kind.name) + "-poller:" + name_),
      source_(kind.prepare(declared.options)),
      prepare_(std::move(prepare)),
      role_(house, "poller:" + name_),
      runner_(std::move(runner)) {}

void Poller::on_tick() {
  role_.hold([this] { poll(); }, [this] { planned_.renew(); });
}

void Poller::poll() {
  house_.read(store::poller_state(name_), generation_.guard([this](std::optional<std::string> state) {
    state_ = std::move(state).value_or("");
    step(source_.start(state_));
  }));
}

void Poller::step(PollStep next) {
  if (auto* end = std::get_if<PollEnd>(&next)) return conclude(std::move(*end));
  auto& pending = std::get<PollPending>(next);
  runner_->run(std::move(pending.commands),
               [this, resume = std::move(pending.resume)](std::vector<PollResult> results) {
                 step(resume(std::move(results)));
               });
}

void Poller::conclude(PollEnd end) {
  for (const auto& warning : end.warnings) spdlog::warn("poller={} {}", name_, warning);
  if (!end.error.empty() && end.error != problem_)
    spdlog::error("poll failed poller={} reason={}", name_, end.error);
  if (end.error.empty() && !problem_.empty()) spdlog::info("poll succeeds again poller={}", name_);
  problem_ = end.error;
  house_.metrics().count("headrace_polls_total{poller=\"" + name_ + "\"}");
  plan();
  if (!role_.held() || !end.state || (*end.state == state_ && end.changes.empty())) return;
  commit(std::move(end.changes), *end.state);
}

void Poller::commit(std::vector<wire::Change> changes, const std::string& state) {
  for (auto& change : changes) {
    change.source = label_;
    prepare_(change);
  }
  spdlog::info("poll found changes poller={} count={}", name_, changes.size());
  // The state moves with the last changes; what goes before (only after a very long absence) has a key, so
  // that a repeated poll does not bring it twice.
  auto begin = changes.begin();
  while (changes.end() - begin > store::kMaxChangesPerCall) {
    const auto end = begin + store::kMaxChangesPerCall;
    store::ChangeAdd add;
    add.delivery = "poll:" + name_ + ":" + begin->revision.value_or("") + ":" +
                   std::to_string(store::kMaxChangesPerCall);
    add.poller = {role_.name(), role_.term(), "", "", ""};
    add.changes.assign(std::move_iterator(begin), std::move_iterator(end));
    house_.commit(add);
    begin = end;
  }
  store::ChangeAdd add;
  add.poller = {role_.name(), role_.term(), name_, state_, state};
  add.changes.assign(std::move_iterator(begin), std::move_iterator(changes.end()));
  house_.commit(add, generation_.guard([this](const store::Outcome<store::ChangeAdd::Answer>& outcome) {
    if (!outcome) spdlog::warn("poll was not taken poller={} reason={}", name_, outcome.error().text);
  }));
}

void Poller::plan() {
  planned_.renew();
  house_.call_at(house_.now() + source_.interval, planned_.guard([this] {
    if (role_.held()) poll();
  }));
}

}  // namespace headrace::changesource
