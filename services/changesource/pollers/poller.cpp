// SPDX-License-Identifier: Apache-2.0
#include "changesource/pollers/poller.hpp"

#include <algorithm>

#include "log/log.hpp"
#include "store/limits.hpp"
#include "store/state/site.hpp"
#include "store/transitions/change.hpp"

namespace headrace::changesource {

namespace {

constexpr milliseconds kRepeatReport{60'000};
constexpr std::size_t kNamed = 5;  // of the parts that failed

std::string summary(const std::vector<std::string>& failures) {
  std::string out;
  for (std::size_t i = 0; i < std::min(failures.size(), kNamed); ++i) out += (i ? "; " : "") + failures[i];
  if (failures.size() > kNamed) out += "; and " + std::to_string(failures.size() - kNamed) + " more";
  return out;
}

}  // namespace

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
  role_.hold([this] { poll(); },
             [this] {
               planned_.renew();
               reported_ = false;  // another process says how it is
             });
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
  for (const auto& warning : end.warnings)
    if (std::find(warnings_.begin(), warnings_.end(), warning) == warnings_.end())
      spdlog::warn("poller={} {}", name_, warning);
  warnings_ = std::move(end.warnings);
  house_.metrics().count("headrace_polls_total{poller=\"" + name_ + "\"}");
  report(end.error.empty() ? summary(end.failures) : std::move(end.error));
  plan();
  if (!role_.held() || !end.state || (*end.state == state_ && end.changes.empty())) return;
  commit(std::move(end.changes), *end.state);
}

void Poller::report(std::string problem) {
  if (problem.empty() && !problem_.empty()) spdlog::info("poll succeeds again poller={}", name_);
  // The words of one failure differ from poll to poll (times, ports); people need them once.
  const bool as_before = reported_ && problem.empty() == problem_.empty() &&
                         (problem == problem_ || house_.now() < reported_at_ + kRepeatReport);
  problem_ = std::move(problem);
  if (as_before) return;
  if (!problem_.empty()) spdlog::error("poll failed poller={} reason={}", name_, problem_);
  if (!role_.held()) return;
  reported_ = true;
  reported_at_ = house_.now();
  house_.commit(store::PollerReport{role_.name(), role_.term(), name_, problem_});
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
