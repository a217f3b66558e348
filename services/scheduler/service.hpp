// SPDX-License-Identifier: Apache-2.0
// Loads the scheduler's state, feeds the core and commits what it decides. One process of many is active, by
// the role "scheduler"; the others stand by. Knows its house only: the simulation runs it as it is.
#pragma once

#include <memory>
#include <optional>

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
  void ask_how_far_the_log_reaches();
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
  bool asking_ = false;                  ///< how far the event log reaches
  std::optional<EventNumber> level_at_;  ///< so far, when timers were due at asked_ms_
  std::int64_t asked_ms_ = 0;            ///< Redis's clock
  std::int64_t clock_offset_ms_ = 0;     ///< Redis's clock less ours
  Generation timer_;                     ///< of the planned timer
};

}  // namespace headrace::scheduler
