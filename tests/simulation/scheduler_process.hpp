// SPDX-License-Identifier: Apache-2.0
// scheduler::Core in a simulated process, with its role: what services/scheduler/service.cpp is to the
// real one. Of several, one is active.
#pragma once

#include <memory>

#include "scheduler/core.hpp"
#include "simulation/process.hpp"

namespace headrace::simulation {

class SchedulerProcess : public Process {
 public:
  SchedulerProcess(Environment& environment, std::size_t index)
      : Process(environment, "scheduler" + std::to_string(index)) {}

 private:
  void load() override;
  void unload() override;
  void on_event(const wire::Event& event) override;
  void on_events_drained() override;
  void on_tick() override;

  void hold_role(std::function<void(std::int64_t before)> answered);
  void load_state();
  void commit_all(std::vector<store::Call> calls);
  void plan_timer();

  ConfigVersion version_;
  std::int64_t term_ = 0;
  std::unique_ptr<scheduler::Core> core_;
  std::uint64_t timer_ = 0;
};

}  // namespace headrace::simulation
