// SPDX-License-Identifier: Apache-2.0
// Loads the scheduler's state, gives events to the core and commits the core's decisions. One process of many
// holds the role "scheduler" and is active; the others stand by. The service uses only its House, so the
// simulation can run it as it is.
#pragma once

#include <memory>
#include <optional>

#include "clock/other_clock.hpp"
#include "generation/generation.hpp"
#include "scheduler/core.hpp"
#include "service/house.hpp"
#include "service/live_config.hpp"
#include "service/role.hpp"

namespace headrace::scheduler {

class SchedulerService : public service::Service {
 public:
  explicit SchedulerService(service::House& house,
                            service::Evaluate evaluate = config::Configuration::evaluate);

  void load() override;
  void unload() override;
  void on_event(const wire::Event& event) override;
  void on_events_drained() override;
  void on_tick() override;
  void stop(std::function<void()> done) override;

 private:
  void load_state();
  void stand_by();
  void read_clock();
  void ask_for_end_of_event_log();
  void look_at_timers(std::int64_t now_ms);
  void perform_actions();
  template <class Transition>
  void commit(const Transition& transition);
  void plan_timer();
  std::int64_t now_ms() const;

  service::House& house_;
  service::LiveConfig config_;
  service::Role role_;
  std::shared_ptr<config::Configuration> used_;
  std::unique_ptr<Core> core_;
  bool asking_ = false;                  ///< the end of the event log was asked for
  std::optional<EventNumber> level_at_;  ///< the core must have this event before it looks at its timers
  std::int64_t asked_ms_ = 0;            ///< when that was asked, on Redis's clock
  OtherClock clock_;                     ///< Redis's
  Generation timer_;                     ///< of the timer that is set; the timers before it are void
};

}  // namespace headrace::scheduler
