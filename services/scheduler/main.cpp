// SPDX-License-Identifier: Apache-2.0
// headrace-scheduler: changes and clocks in, buildsets and build requests out.
#include "scheduler/service.hpp"
#include "service/delays.hpp"
#include "service/runner.hpp"

int main(int argc, char** argv) {
  const auto parsed =
      headrace::service::parse_settings(argc, argv, "headrace-scheduler", "Decides what to build and when.");
  if (parsed.exit_status) return *parsed.exit_status;
  headrace::service::RunnerOptions options;
  options.event_source = headrace::service::EventSource::event_log;
  options.follow_pause = headrace::service::kFollowPauseScheduler;
  headrace::service::ServiceRunner runner(parsed.host, "scheduler", options);
  headrace::scheduler::SchedulerService service(runner);
  return runner.run(service);
}
