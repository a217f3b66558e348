// SPDX-License-Identifier: Apache-2.0
// The scheduler's service as it is, in a simulated process.
#pragma once

#include <memory>
#include <string>

#include "scheduler/service.hpp"
#include "service/delays.hpp"
#include "simulation/process.hpp"

namespace headrace::simulation {

class SchedulerProcess : public Process {
 public:
  SchedulerProcess(Environment& environment, std::size_t index)
      : Process(environment, "scheduler" + std::to_string(index),
                {service::EventSource::event_log, service::kFollowPauseScheduler}) {}

 private:
  std::unique_ptr<service::Service> make_service() override {
    return std::make_unique<scheduler::SchedulerService>(*this, env_.evaluate);
  }
};

}  // namespace headrace::simulation
