// SPDX-License-Identifier: Apache-2.0
// Loads the scheduler's state, feeds the core and commits what it decides. One process of many is active,
// by the role "scheduler"; the others stand by.
#pragma once

#include <boost/asio/steady_timer.hpp>
#include <memory>
#include <optional>

#include "scheduler/core.hpp"
#include "service/host.hpp"
#include "service/live_config.hpp"
#include "service/role.hpp"

namespace headrace::scheduler {

class SchedulerService : public service::Service {
 public:
  void start(service::Host& host) override;
  void load(service::Host& host) override;
  void unload() override;
  void on_event(const wire::Event& event) override;
  void on_events_drained() override;
  void on_tick() override;
  void stop(std::function<void()> done) override;

 private:
  void load_state();
  void look_at_timers(std::int64_t now);
  void commit(std::vector<store::Call> calls);
  void plan_timer();
  std::int64_t now_ms() const;

  service::Host* host_ = nullptr;
  std::unique_ptr<service::LiveConfig> config_;
  std::unique_ptr<service::Role> role_;
  std::unique_ptr<boost::asio::steady_timer> timer_;
  std::shared_ptr<config::Configuration> used_;
  std::unique_ptr<Core> core_;
  bool asking_ = false;                  ///< how far the log reaches
  std::optional<EventNumber> level_at_;  ///< so far, when timers were due at asked_ms_
  std::int64_t asked_ms_ = 0;
  std::int64_t clock_offset_ms_ = 0;  ///< Redis's clock less ours
};

}  // namespace headrace::scheduler
