// SPDX-License-Identifier: Apache-2.0
// The settings of a dispatcher process, beside those of every service.
#pragma once

#include <string>

#include "arguments/arguments.hpp"

namespace headrace::dispatcher {

struct Settings {
  std::string workers = "tcp://127.0.0.1:9989";  ///< endpoints for workers, comma separated; always CURVE
  int lease_ms = 30'000;                         ///< a worker that is silent for so long loses its builds
  int heartbeat_ms = 5'000;                      ///< between two heartbeats of a worker
  int offer_ms = 5'000;                          ///< an offer not accepted by then returns to its queue
  int max_attempts = 5;                          ///< builds of a request with lost workers, then EXCEPTION
  int keep_events = 100'000;                     ///< events that the event log keeps for its readers

  void add_options(arguments::Command& command);
};

}  // namespace headrace::dispatcher
