// SPDX-License-Identifier: Apache-2.0
#include "simulation/scheduler_process.hpp"

#include "scheduler/load.hpp"
#include "wire/codec.hpp"

namespace headrace::simulation {
namespace {
constexpr std::int64_t kRoleLeaseMs = 10'000;
}

void SchedulerProcess::load() {
  read_words({"HGET", env_.store.keys()("config"), "version"}, [this](store::RedisReply r) {
    version_.value = std::stoll(r.text);
    hold_role([this](std::int64_t) { load_state(); });
  });
}

void SchedulerProcess::hold_role(std::function<void(std::int64_t)> answered) {
  commit_call({"role_hold", {"scheduler", instance(), std::to_string(kRoleLeaseMs)}},
              [this, answered = std::move(answered)](store::Reply r) {
                const auto before = term_;
                term_ = r.ok ? wire::decode_value(r.value).value().as_array().at(0).as_int() : 0;
                answered(before);
              });
}

void SchedulerProcess::load_state() {
  const auto read = [this](std::vector<std::string> words, std::function<void(store::RedisReply)> done) {
    read_words(std::move(words), std::move(done));
  };
  scheduler::read_state(
      env_.store.keys(), read,
      [this](events::Cursor cursor, std::map<scheduler::ListName, scheduler::WaitingList> waiting) {
        if (term_) {
          core_ = std::make_unique<scheduler::Core>(*env_.configuration, version_, term_, cursor,
                                                    std::move(waiting));
          loaded(cursor);
          return plan_timer();
        }
        read_words({"HMGET", env_.store.keys()("head"), "n", "tag"}, [this](store::RedisReply r) {
          loaded({EventNumber{std::stoll(r.items.at(0).text)}, r.items.at(1).text});
        });
      });
}

void SchedulerProcess::unload() {
  core_.reset();
  term_ = 0;
  ++timer_;
}

void SchedulerProcess::on_event(const wire::Event& event) {
  if (event.is("config.applied") && event.id("version") > version_.value)
    return reload_state("a new configuration");
  if (!core_) return;
  std::vector<store::Call> calls;
  core_->on_event(event, calls);
  commit_all(std::move(calls));
}

void SchedulerProcess::on_events_drained() {
  if (!core_) return;
  std::vector<store::Call> calls;
  core_->on_time(env_.timeline.wall_ms(), calls);
  commit_all(std::move(calls));
  plan_timer();
}

void SchedulerProcess::on_tick() {
  hold_role([this](std::int64_t before) {
    if ((term_ && term_ != before) || (before && !term_)) reload_state("the role changed hands");
  });
  if (!core_) {
    if (term_) reload_state("the role is held");
    return;
  }
  std::vector<store::Call> calls;
  core_->on_idle(calls);
  commit_all(std::move(calls));
}

void SchedulerProcess::commit_all(std::vector<store::Call> calls) {
  for (auto& call : calls)
    commit_call(std::move(call), [this](store::Reply r) {
      if (!r.ok) reload_state("a decision was refused: " + r.refusal);
    });
}

void SchedulerProcess::plan_timer() {
  ++timer_;
  const auto due = core_ ? core_->next_due() : std::nullopt;
  if (!due) return;
  const milliseconds wait(std::max<std::int64_t>(0, *due - env_.timeline.wall_ms()));
  in_this_life(env_.timeline.now() + wait, [this, timer = timer_] {
    if (timer == timer_) on_events_drained();
  });
}

}  // namespace headrace::simulation
