// SPDX-License-Identifier: Apache-2.0
#include "dispatcher/settings.hpp"

namespace headrace::dispatcher {

void Settings::add_options(arguments::Command& command) {
  command.option("--workers", workers, "endpoints for workers, comma separated")
      .env("HEADRACE_WORKERS")
      .show_default();
  command.option("--lease-ms", lease_ms, "silence after which a worker is lost")
      .env("HEADRACE_LEASE_MS")
      .range(1'000, 3'600'000)
      .show_default();
  command.option("--heartbeat-ms", heartbeat_ms, "time between a worker's heartbeats")
      .env("HEADRACE_HEARTBEAT_MS")
      .range(100, 600'000)
      .show_default();
  command.option("--offer-ms", offer_ms, "time to accept an offer")
      .env("HEADRACE_OFFER_MS")
      .range(100, 600'000)
      .show_default();
  command.option("--max-attempts", max_attempts, "builds of a request whose workers are lost")
      .env("HEADRACE_MAX_ATTEMPTS")
      .range(1, 1000)
      .show_default();
  command.option("--keep-events", keep_events, "events kept for views")
      .env("HEADRACE_KEEP_EVENTS")
      .range(1'000, 100'000'000)
      .show_default();
}

}  // namespace headrace::dispatcher
