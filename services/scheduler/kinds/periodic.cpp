// SPDX-License-Identifier: Apache-2.0
// scheduler.periodic: builds again and again, with a fixed time in between. The first build comes at once.
#include "clock/clock.hpp"
#include "scheduler/kinds/kind.hpp"

namespace headrace::scheduler {
namespace {

struct PeriodicOptions {
  milliseconds period{0};  ///< > 0

  template <class S, class F>
  static void fields(S& s, F&& f) {
    f("periodic_build_timer", s.period);
  }
};

class Periodic final : public RunningScheduler {
 public:
  Periodic(config::Configuration& configuration, const config::Scheduler& declared)
      : RunningScheduler(configuration, declared),
        period_ms_(declared.options.as<PeriodicOptions>().period.count()) {}

  bool take_timer(const std::string& key, store::Timer timer, Decisions& /*out*/) override {
    if (key != kTimerKey) return false;
    stored_ms_ = timer.due_ms;
    due_ms_ = timer.due_ms.value_or(0);
    return true;
  }

  void on_time(std::int64_t now_ms, Decisions& out) override {
    // The timer is due too late when the period was longer as it was stored, or when Redis's clock was set
    // back.
    if (due_ms_ - now_ms > period_ms_) due_ms_ = now_ms + period_ms_;
    if (due_ms_ > now_ms) return;
    store::SchedulerDue due;
    due.timer = timer(kTimerKey);
    due.due_ms = stored_ms_;
    // The next time counts from now, not from due_ms_: builds that were missed while no scheduler ran become
    // one.
    due.next_due_ms = now_ms + period_ms_;
    due.set = make_buildset({}, out);
    stored_ms_ = due.next_due_ms;
    due_ms_ = now_ms + period_ms_;
    out.due.push_back(std::move(due));
  }

  std::optional<std::int64_t> next_due() const override { return due_ms_; }

 private:
  static constexpr const char* kTimerKey = "periodic";

  std::int64_t period_ms_;
  std::optional<std::int64_t> stored_ms_;  // due time in Redis, which the transition has to name
  std::int64_t due_ms_ = 0;                // 0: it has never built
};

}  // namespace

extern const Kind periodic_kind;
const Kind periodic_kind{.name = "periodic", .start = start<Periodic>};

}  // namespace headrace::scheduler
