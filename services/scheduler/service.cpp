// SPDX-License-Identifier: Apache-2.0
#include "scheduler/service.hpp"

#include <cstdlib>

#include "log/log.hpp"
#include "scheduler/load.hpp"

namespace headrace::scheduler {
namespace {

// Redis's answer to TIME: seconds, microseconds.
std::optional<std::int64_t> milliseconds_of(const store::RedisReply& time) {
  if (time.items.size() != 2) return {};
  return std::atoll(time.items[0].text.c_str()) * 1000 + std::atoll(time.items[1].text.c_str()) / 1000;
}

}  // namespace

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

// Both clocks may be set while this process runs.
void SchedulerService::read_clock() {
  house_.command({"TIME"}, [this](store::RedisReply r) {
    if (const auto redis_ms = milliseconds_of(r)) clock_offset_ms_ = *redis_ms - to_ms(house_.wall_now());
  });
}

// A standby reads events too, from the end of the log, only to notice that it is alive.
void SchedulerService::load_state() {
  const auto read = [this](std::vector<std::string> words, std::function<void(store::RedisReply)> done) {
    house_.command(std::move(words), std::move(done));
  };
  read_state(house_.keys(), read, [this](events::Cursor cursor, std::map<ListName, WaitingList> waiting) {
    // Nothing can be decided without a configuration or without the role; a tick looks again.
    if (config_.current() && role_.held()) {
      used_ = config_.current();
      core_ = std::make_unique<Core>(*used_, config_.version(), role_.term(), cursor, std::move(waiting));
      house_.loaded(cursor);
      plan_timer();
      return;
    }
    house_.command({"HMGET", house_.keys()("head"), "n", "tag"}, [this](store::RedisReply r) {
      events::Cursor end;
      if (r.items.size() == 2 && !r.items[0].text.empty())
        end = {EventNumber{std::stoll(r.items[0].text)}, r.items[1].text};
      house_.loaded(end);
    });
  });
}

void SchedulerService::unload() {
  core_.reset();
  asking_ = false;
  level_at_.reset();
  role_.forget();
  timer_.renew();
}

void SchedulerService::on_event(const wire::Event& event) {
  if (event.is("config.applied") && event.id("version") > config_.tried().value)
    return house_.reload("a new configuration was applied");
  if (!core_) return;
  std::vector<store::Call> calls;
  core_->on_event(event, calls);
  commit(std::move(calls));
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
  ask_how_far_the_log_reaches();
}

// A change that is still on its way may restart the timer: all that is in the log at the time of Redis's own
// clock comes first.
void SchedulerService::ask_how_far_the_log_reaches() {
  asking_ = true;
  house_.command({"TIME"}, [this](store::RedisReply r) {
    asked_ms_ = milliseconds_of(r).value_or(0);
    clock_offset_ms_ = asked_ms_ - to_ms(house_.wall_now());
  });
  house_.command({"HGET", house_.keys()("head"), "n"}, [this](store::RedisReply r) {
    asking_ = false;
    level_at_ = EventNumber{std::atoll(r.text.c_str())};
    on_events_drained();
  });
}

void SchedulerService::look_at_timers(std::int64_t now_ms) {
  std::vector<store::Call> calls;
  core_->on_time(now_ms, calls);
  commit(std::move(calls));
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
  std::vector<store::Call> calls;
  core_->on_idle(calls);
  commit(std::move(calls));
}

void SchedulerService::stop(std::function<void()> done) {
  role_.release();
  // The release goes out with the batch of this turn; a standby need not wait for the lease then.
  timer_.renew();
  house_.call_at(house_.now() + milliseconds(50), std::move(done));
}

void SchedulerService::commit(std::vector<store::Call> calls) {
  for (const auto& complaint : core_->take_complaints()) spdlog::warn("{}", complaint);
  for (auto& call : calls) {
    house_.metrics().count("headrace_scheduler_decisions_total");
    const std::string function = call.function;
    house_.commit(std::move(call), [this, function](store::Reply r) {
      // Another term, another configuration, another cursor: what the core believes is out of date.
      if (!r.ok) house_.reload(function + " was refused: " + r.refusal);
    });
  }
}

void SchedulerService::plan_timer() {
  timer_.renew();
  const auto due = core_ ? core_->next_due() : std::nullopt;
  if (!due) return;
  house_.call_at(house_.now() + milliseconds(std::max<std::int64_t>(0, *due - now_ms())),
                 timer_.guard([this] { on_events_drained(); }));
}

std::int64_t SchedulerService::now_ms() const { return to_ms(house_.wall_now()) + clock_offset_ms_; }

}  // namespace headrace::scheduler
