// SPDX-License-Identifier: Apache-2.0
#include "scheduler/service.hpp"

#include <algorithm>
#include <variant>

#include "log/log.hpp"
#include "store/state/events.hpp"
#include "store/state/scheduler.hpp"
#include "store/state/site.hpp"
#include "wire/events.hpp"

namespace headrace::scheduler {

SchedulerService::SchedulerService(service::House& house, service::Evaluate evaluate)
    : house_(house), config_(house, std::move(evaluate)), role_(house, "scheduler") {
  house.metrics().counter("headrace_scheduler_decisions_total", "decisions committed");
  house.metrics().gauge("headrace_scheduler_active", "1 in the process that decides",
                        [this] { return core_ ? 1.0 : 0.0; });
}

void SchedulerService::load() {
  read_clock();
  config_.refresh([this] { role_.hold({}, {}, [this] { load_state(); }); });
}

// Reads it again and again, because the clock may be set while this process runs. Then the schedulers look at
// their timers, which may wait for a time that will not come for long.
void SchedulerService::read_clock() {
  house_.read(store::redis_time_ms(), [this](std::int64_t redis_ms) {
    clock_.read(redis_ms, house_.now());
    on_events_drained();
  });
}

void SchedulerService::load_state() {
  // The scheduler cannot decide anything without a configuration or without the role. A later tick tries
  // again.
  if (!config_.current() || !role_.held()) return stand_by();
  house_.read(store::scheduler_state(), [this](store::SchedulerState state) {
    if (!role_.held()) return stand_by();
    const auto cursor = state.cursor;
    used_ = config_.current();
    core_ = std::make_unique<Core>(*used_, config_.version(), role_.term(), std::move(state));
    house_.loaded(cursor);
    plan_timer();
  });
}

// A standby reads events from the end of the event log, too. The reads only show that the process is alive.
void SchedulerService::stand_by() {
  // The configuration is read once more: one that was applied before the end of the event log is no event.
  house_.read(store::head(),
              [this](const wire::Cursor& end) { config_.refresh([this, end] { house_.loaded(end); }); });
}

void SchedulerService::unload() {
  core_.reset();
  asking_ = false;
  level_at_.reset();
  role_.forget();
  timer_.renew();
}

void SchedulerService::on_event(const wire::Event& event) {
  const auto any = wire::read_event(event);
  if (const auto* applied = std::get_if<wire::ConfigApplied>(&any);
      applied && applied->version > config_.tried())
    return house_.reload("a new configuration was applied");
  if (!core_) return;
  core_->on_event(event);
  perform_actions();
}

void SchedulerService::on_events_drained() {
  if (!core_ || asking_) return;
  if (level_at_) {
    if (core_->seen().number < *level_at_) return;
    level_at_.reset();
    return look_at_timers(asked_ms_);
  }
  const auto now = now_ms(), due = core_->next_due().value_or(now + 1);
  if (due > now) return look_at_timers(now);
  ask_for_end_of_event_log();
}

// A change that is still on its way may restart a timer. So the core is given every event that is in the
// event log at a time of Redis's own clock before it looks at the timers with that time.
void SchedulerService::ask_for_end_of_event_log() {
  asking_ = true;
  house_.read(store::redis_time_ms(), [this](std::int64_t redis_ms) {
    asked_ms_ = redis_ms;
    clock_.read(redis_ms, house_.now());
  });
  house_.read(store::head(), [this](const wire::Cursor& head) {
    asking_ = false;
    level_at_ = head.number;
    on_events_drained();
  });
}

void SchedulerService::look_at_timers(std::int64_t now_ms) {
  core_->on_time(now_ms);
  perform_actions();
  plan_timer();
}

void SchedulerService::on_tick() {
  role_.hold([this] { house_.reload("the role was taken"); }, [this] { house_.reload("the role was lost"); });
  if (!core_) {
    if (role_.held()) house_.reload("looking for a configuration");
    return;
  }
  read_clock();
  plan_timer();
  core_->on_idle();
  perform_actions();
}

void SchedulerService::stop(std::function<void()> done) {
  role_.release();
  // The release goes out with the batch of this turn, so that a standby need not wait for the end of the
  // lease.
  timer_.renew();
  house_.call_at(house_.now() + milliseconds(50), std::move(done));
}

void SchedulerService::perform_actions() {
  for (const auto& action : core_->take_actions())
    std::visit(wire::On{[](const Complain& complaint) { spdlog::warn("{}", complaint.text); },
                        [this](const auto& transition) { commit(transition); }},
               action);
}

template <class Transition>
void SchedulerService::commit(const Transition& transition) {
  house_.metrics().count("headrace_scheduler_decisions_total");
  house_.commit(transition, [this](const auto& outcome) {
    // The term, the configuration or the cursor in the store is another one, so the core's state is out of
    // date.
    if (!outcome) house_.reload(std::string(Transition::kFunction) + " was refused: " + outcome.error().text);
  });
}

void SchedulerService::plan_timer() {
  timer_.renew();
  const auto due = core_ ? core_->next_due() : std::nullopt;
  if (!due) return;
  house_.call_at(house_.now() + milliseconds(std::max<std::int64_t>(0, *due - now_ms())),
                 timer_.guard([this] { on_events_drained(); }));
}

std::int64_t SchedulerService::now_ms() const { return clock_.ms(house_.now()); }

}  // namespace headrace::scheduler
