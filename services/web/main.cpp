// SPDX-License-Identifier: Apache-2.0
// headrace-web: the page, REST v2 and live events, from a projection of the event log.
#include "service/delays.hpp"
#include "web/service.hpp"
#include "wire/events.hpp"

int main(int argc, char** argv) {
  headrace::web::Settings settings;
  const auto parsed = headrace::service::parse_settings(
      argc, argv, "headrace-web", "Shows builds: page, REST API, live events.",
      [&](headrace::arguments::Command& command) { settings.add_options(command); });
  if (parsed.exit_status) return *parsed.exit_status;
  headrace::service::RunnerOptions options;
  options.announcements = {headrace::wire::kLogGrowth};
  options.delivery_delay = headrace::service::kDeliveryDelayWeb;
  headrace::service::ServiceRunner runner(parsed.host, "web", options);
  headrace::web::WebService service(runner, settings);
  return runner.run(service);
}
