// SPDX-License-Identifier: Apache-2.0
// What a dispatcher process needs beside what every service needs.
#pragma once

#include <string>

#include "arguments/arguments.hpp"

namespace headrace::dispatcher {

struct Settings {
  std::string workers = "tcp://127.0.0.1:9989";  ///< endpoints for workers, comma separated; always CURVE
  int lease_ms = 30'000;      ///< of a worker: without a word for this long its builds are given away
  int heartbeat_ms = 5'000;   ///< that workers are asked to keep
  int offer_ms = 5'000;       ///< until an offer that is not accepted goes back to its queue
  int max_attempts = 5;       ///< builds of one request when workers are lost, then EXCEPTION
  int keep_events = 100'000;  ///< of the event log, for views

  void add_options(arguments::Command& command);
};

}  // namespace headrace::dispatcher
