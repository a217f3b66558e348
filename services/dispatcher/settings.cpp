// SPDX-License-Identifier: Apache-2.0
#include "dispatcher/settings.hpp"

#include <CLI/CLI.hpp>

namespace headrace::dispatcher {

void Settings::add_options(CLI::App& app) {
  app.add_option("--workers", workers, "endpoints for workers, comma separated")->envname("HEADRACE_WORKERS")->capture_default_str();
  app.add_option("--lease-ms", lease_ms, "silence after which a worker is lost")
      ->envname("HEADRACE_LEASE_MS")
      ->check(CLI::Range(1'000, 3'600'000))
      ->capture_default_str();
  app.add_option("--heartbeat-ms", heartbeat_ms, "time between a worker's heartbeats")
      ->envname("HEADRACE_HEARTBEAT_MS")
      ->check(CLI::Range(100, 600'000))
      ->capture_default_str();
  app.add_option("--offer-ms", offer_ms, "time to accept an offer")
      ->envname("HEADRACE_OFFER_MS")
      ->check(CLI::Range(100, 600'000))
      ->capture_default_str();
  app.add_option("--max-attempts", max_attempts, "builds of a request whose workers are lost")
      ->envname("HEADRACE_MAX_ATTEMPTS")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str();
  app.add_option("--keep-events", keep_events, "events kept for views")
      ->envname("HEADRACE_KEEP_EVENTS")
      ->check(CLI::Range(1'000, 100'000'000))
      ->capture_default_str();
}

}  // namespace headrace::dispatcher
