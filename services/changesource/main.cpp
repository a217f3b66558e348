// SPDX-License-Identifier: Apache-2.0
// headrace-changesource: web hooks and pollers in, changes out.
#include "changesource/intake.hpp"
#include "service/delays.hpp"

int main(int argc, char** argv) {
  headrace::changesource::Settings settings;
  const auto parsed = headrace::service::parse_settings(
      argc, argv, "headrace-changesource", "Takes web hooks and polls repositories.",
      [&](headrace::arguments::Command& command) { settings.add_options(command); });
  if (parsed.exit_status) return *parsed.exit_status;
  headrace::service::RunnerOptions options;
  options.delivery_delay = headrace::service::kDeliveryDelayNotifier;
  headrace::service::ServiceRunner runner(parsed.host, "changesource", options);
  headrace::changesource::Intake service(runner, settings);
  return runner.run(service);
}
