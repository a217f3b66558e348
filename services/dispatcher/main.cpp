// SPDX-License-Identifier: Apache-2.0
// headrace-dispatcher: matches requests to workers, drives builds, stores logs.
#include "dispatcher/service.hpp"

int main(int argc, char** argv) {
  headrace::dispatcher::Settings settings;
  const auto parsed = headrace::service::parse_settings(
      argc, argv, "headrace-dispatcher", "Gives builds to workers.",
      [&](headrace::arguments::Command& command) { settings.add_options(command); });
  if (parsed.exit_status) return *parsed.exit_status;
  headrace::service::RunnerOptions options;
  options.event_source = headrace::service::EventSource::event_log;
  // The core itself ticks the workers' clock, because it needs the answer.
  options.lease_clock = headrace::service::LeaseClock::none;
  headrace::service::ServiceRunner runner(parsed.host, "dispatcher", options);
  headrace::dispatcher::DispatcherService service(runner, settings);
  return runner.run(service);
}
