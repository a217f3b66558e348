// SPDX-License-Identifier: Apache-2.0
// headrace-notifier: events in; mail and HTTP out, from a durable outbox.
#include "notifier/service.hpp"
#include "service/delays.hpp"

int main(int argc, char** argv) {
  const auto parsed = headrace::service::parse_settings(argc, argv, "headrace-notifier",
                                                        "Tells people and programs how builds ended.");
  if (parsed.exit_status) return *parsed.exit_status;
  headrace::service::RunnerOptions options;
  options.delivery_delay = headrace::service::kDeliveryDelayNotifier;
  headrace::service::ServiceRunner runner(parsed.host, "notifier", options);
  headrace::notifier::NotifierService service(runner);
  return runner.run(service);
}
