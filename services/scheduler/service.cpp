// SPDX-License-Identifier: Apache-2.0
#include "scheduler/service.hpp"

#include "log/log.hpp"
#include "scheduler/load.hpp"

namespace headrace::scheduler {

void SchedulerService::start(service::Host& host) {
  host_ = &host;
  config_ = std::make_unique<service::LiveConfig>(host);
  role_ = std::make_unique<service::Role>(host, "scheduler");
  timer_ = std::make_unique<boost::asio::steady_timer>(host.io());
  host.metrics().counter("headrace_scheduler_decisions_total", "decisions committed");
  host.metrics().gauge("headrace_scheduler_active", "1 in the process that decides",
                       [this] { return core_ ? 1.0 : 0.0; });
}

void SchedulerService::load(service::Host& host) {
  host.command({"TIME"}, [this](store::RedisReply r) {
    if (r.items.size() == 2)
      clock_offset_ms_ =
          std::stoll(r.items[0].text) * 1000 + std::stoll(r.items[1].text) / 1000 - to_ms(wall_now());
    config_->refresh([this] { role_->hold({}, {}, [this] { load_state(); }); });
  });
}

// A standby reads events too, from the end of the log, only to notice that it is alive.
void SchedulerService::load_state() {
  const auto read = [this](std::vector<std::string> words, std::function<void(store::RedisReply)> done) {
    host_->command(std::move(words), std::move(done));
  };
  read_state(
      host_->store().keys(), read, [this](events::Cursor cursor, std::map<ListName, WaitingList> waiting) {
        // Nothing can be decided without a configuration or without the role; a tick looks again.
        if (config_->current() && role_->held()) {
          used_ = config_->current();
          core_ =
              std::make_unique<Core>(*used_, config_->version(), role_->term(), cursor, std::move(waiting));
          host_->loaded(cursor);
          plan_timer();
        } else {
          host_->command({"HMGET", host_->store().keys()("head"), "n", "tag"}, [this](store::RedisReply r) {
            events::Cursor end;
            if (r.items.size() == 2 && !r.items[0].text.empty())
              end = {EventNumber{std::stoll(r.items[0].text)}, r.items[1].text};
            host_->loaded(end);
          });
        }
      });
}

void SchedulerService::unload() {
  core_.reset();
  asking_ = false;
  level_at_.reset();
  role_->forget();
  timer_->cancel();
}

void SchedulerService::on_event(const wire::Event& event) {
  if (event.is("config.applied") && event.id("version") > config_->tried().value)
    return host_->reload("a new configuration was applied");
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
  // A change that is still on its way may restart the timer: all that is in the log by now comes first.
  asking_ = true;
  asked_ms_ = now;
  host_->command({"HGET", host_->store().keys()("head"), "n"}, [this](store::RedisReply r) {
    asking_ = false;
    level_at_ = EventNumber{std::atoll(r.text.c_str())};
    on_events_drained();
  });
}

void SchedulerService::look_at_timers(std::int64_t now) {
  std::vector<store::Call> calls;
  core_->on_time(now, calls);
  commit(std::move(calls));
  plan_timer();
}

void SchedulerService::on_tick() {
  role_->hold([this] { host_->reload("the role was taken"); },
              [this] { host_->reload("the role was lost"); });
  if (!core_) {
    if (role_->held()) host_->reload("looking for a configuration");
    return;
  }
  std::vector<store::Call> calls;
  core_->on_idle(calls);
  commit(std::move(calls));
}

void SchedulerService::stop(std::function<void()> done) {
  role_->release();
  // The release goes out with the batch that is posted now; a standby need not wait for the lease then.
  timer_->expires_after(milliseconds(50));
  timer_->async_wait([done = std::move(done)](const boost::system::error_code&) { done(); });
}

void SchedulerService::commit(std::vector<store::Call> calls) {
  for (const auto& complaint : core_->take_complaints()) spdlog::warn("{}", complaint);
  for (auto& call : calls) {
    host_->metrics().count("headrace_scheduler_decisions_total");
    const std::string function = call.function;
    host_->commit(std::move(call), [this, function](store::Reply r) {
      // Another term, another configuration, another cursor: what the core believes is out of date.
      if (!r.ok) host_->reload(function + " was refused: " + r.refusal);
    });
  }
}

void SchedulerService::plan_timer() {
  timer_->cancel();
  const auto due = core_ ? core_->next_due() : std::nullopt;
  if (!due) return;
  timer_->expires_after(milliseconds(std::max<std::int64_t>(0, *due - now_ms())));
  timer_->async_wait([this](const boost::system::error_code& e) {
    if (!e) on_events_drained();
  });
}

std::int64_t SchedulerService::now_ms() const { return to_ms(wall_now()) + clock_offset_ms_; }

}  // namespace headrace::scheduler
