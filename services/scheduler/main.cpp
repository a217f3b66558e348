// SPDX-License-Identifier: Apache-2.0
// headrace-scheduler: changes and clocks in, buildsets and build requests out.
#include "scheduler/service.hpp"

int main(int argc, char** argv) {
  const auto parsed =
      headrace::service::parse_settings(argc, argv, "headrace-scheduler", "Decides what to build and when.");
  if (parsed.exit_status) return *parsed.exit_status;
  headrace::service::HostOptions options;
  options.follows_log = true;
  options.calm = headrace::milliseconds(2);  // of all events only changes and configurations concern it
  headrace::service::Host host(parsed.host, "scheduler", options);
  headrace::scheduler::SchedulerService service;
  return host.run(service);
}
