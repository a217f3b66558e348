// SPDX-License-Identifier: Apache-2.0
// headrace-dispatcher: matches requests to workers, drives builds, stores logs.
#include "dispatcher/service.hpp"

int main(int argc, char** argv) {
  headrace::dispatcher::Settings settings;
  const auto parsed = headrace::service::parse_settings(
      argc, argv, "headrace-dispatcher", "Gives builds to workers.",
      [&](headrace::arguments::Command& command) { settings.add_options(command); });
  if (parsed.exit_status) return *parsed.exit_status;
  headrace::service::HostOptions options;
  options.follows_log = true;
  options.lease_clock = "";  // the core ticks the workers' clock itself and needs the answer
  headrace::service::Host host(parsed.host, "dispatcher", options);
  headrace::dispatcher::DispatcherService service(settings);
  return host.run(service);
}
