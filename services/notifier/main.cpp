// SPDX-License-Identifier: Apache-2.0
// headrace-notifier: events in; mail and HTTP out, from a durable outbox.
#include "notifier/service.hpp"

int main(int argc, char** argv) {
  const auto parsed = headrace::service::parse_settings(argc, argv, "headrace-notifier",
                                                        "Tells people and programs how builds ended.");
  if (parsed.exit_status) return *parsed.exit_status;
  headrace::service::HostOptions options;
  options.gather = headrace::milliseconds{20};
  headrace::service::Host host(parsed.host, "notifier", options);
  headrace::notifier::NotifierService service;
  return host.run(service);
}
