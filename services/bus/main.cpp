// SPDX-License-Identifier: Apache-2.0
// headrace-bus: the one address that publishers and subscribers of events connect to.
#include "bus/service.hpp"

int main(int argc, char** argv) {
  headrace::bus_service::Settings settings;
  const auto parsed = headrace::service::parse_settings(
      argc, argv, "headrace-bus", "Forwards events to subscribers.",
      [&](headrace::arguments::Command& command) { settings.add_options(command); });
  if (parsed.exit_status) return *parsed.exit_status;
  headrace::service::RunnerOptions options;
  options.event_source = headrace::service::EventSource::none;
  headrace::service::ServiceRunner runner(parsed.host, "bus", options);
  headrace::bus_service::BusService service(runner, settings);
  return runner.run(service);
}
