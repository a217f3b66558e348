// SPDX-License-Identifier: Apache-2.0
#include "scheduler/core.hpp"

#include <algorithm>
#include <cassert>

namespace headrace::scheduler {

Core::Core(config::Configuration& configuration, ConfigVersion version, std::int64_t term,
           store::SchedulerState state)
    : version_(version), term_(term), committed_(state.cursor), seen_(std::move(state.cursor)) {
  for (const auto& declared : configuration.site().schedulers) {
    const Kind* kind = find_kind(declared.kind);
    assert(kind);  // core_test holds the table against the vocabulary
    schedulers_.push_back(kind->start(configuration, declared));
  }
  Decisions decisions;
  for (auto& [name, timer] : state.timers)
    if (!take_timer(name, std::move(timer), decisions))
      actions_.push_back(store::WaitingDrop{term_, version_, name});
  for (auto& split : decisions.splits) {
    split.term = term_;
    split.version = version_;
    actions_.push_back(std::move(split));
  }
}

bool Core::take_timer(const store::TimerName& name, store::Timer timer, Decisions& decisions) {
  const auto found = std::find_if(schedulers_.begin(), schedulers_.end(),
                                  [&](const auto& scheduler) { return scheduler->name() == name.scheduler; });
  return found != schedulers_.end() && (*found)->take_timer(name.key, std::move(timer), decisions);
}

void Core::on_event(const wire::Event& event) {
  seen_ = {event.number, event.tag};
  std::visit(wire::On{[&](const wire::ChangeNew& news) { on_change(news, event.at_ms); }, [](const auto&) {}},
             wire::read_event(event));
}

void Core::on_change(const wire::ChangeNew& news, std::int64_t at_ms) {
  const auto change = news.change();
  if (!change)
    return complain({"change " + std::to_string(news.id.value) + " cannot be read: " + change.error().text});
  Decisions decisions;
  for (const auto& scheduler : schedulers_) scheduler->on_change(*change, at_ms, decisions);
  complain(std::move(decisions.complaints));
  if (!decisions.about_event.empty()) move_cursor(std::move(decisions.about_event));
}

void Core::on_time(std::int64_t now_ms) {
  Decisions decisions;
  for (const auto& scheduler : schedulers_) scheduler->on_time(now_ms, decisions);
  complain(std::move(decisions.complaints));
  for (auto& due : decisions.due) {
    due.term = term_;
    due.version = version_;
    actions_.push_back(std::move(due));
  }
}

void Core::on_idle() {
  if (seen_.number > committed_.number) move_cursor({});
}

std::optional<std::int64_t> Core::next_due() const {
  std::optional<std::int64_t> next;
  for (const auto& scheduler : schedulers_) {
    const auto due = scheduler->next_due();
    if (due && (!next || *due < *next)) next = due;
  }
  return next;
}

void Core::move_cursor(std::vector<store::SchedulerApply::Operation> operations) {
  actions_.push_back(store::SchedulerApply{term_, version_, committed_.number, seen_, std::move(operations)});
  committed_ = seen_;
}

void Core::complain(std::vector<std::string> complaints) {
  for (auto& text : complaints) actions_.push_back(Complain{std::move(text)});
}

}  // namespace headrace::scheduler
