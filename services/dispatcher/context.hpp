// SPDX-License-Identifier: Apache-2.0
// What the parts of the core share: the time, what is to be done, workers, claims, pending requests, and the
// configuration. Each of these has an owner of its own; nobody but Core makes one.
#pragma once

#include <functional>
#include <string>

#include "dispatcher/actions.hpp"
#include "dispatcher/claims.hpp"
#include "dispatcher/pending_queue.hpp"
#include "dispatcher/workers.hpp"
#include "log/log.hpp"

namespace headrace::dispatcher {

struct CoreSettings {
  std::string instance;                ///< of this dispatcher
  milliseconds lease{30'000};          ///< of a worker
  milliseconds heartbeat{5'000};       ///< between heartbeats
  milliseconds offer{5'000};           ///< until an offer that is not accepted goes back
  int max_attempts = 5;                ///< builds of one request, or refusals of its plan, then EXCEPTION
  std::function<std::string()> nonce;  ///< gives 32 random hex digits
};

/// The instant of an input.
struct Now {
  MonoTime mono;
  WallTime wall;
};

struct Context {
  CoreSettings settings;
  Now now;
  Actions out;
  Workers workers;
  Claims claims{workers};
  PendingQueue queue;
  ConfigurationPtr configuration;
  ConfigVersion version;
  bool match_needed = true;  ///< something has changed since the last match that may allow an offer

  std::int64_t wall_ms() const { return to_ms(now.wall); }
  /// To the worker, when it is connected here.
  template <class M>
  void send_to(const std::string& worker, const M& message) {
    if (const auto* link = workers.find(worker)) out.send(link->peer, message);
  }
  void remove_claim(RequestId request) {
    claims.remove(request);
    match_needed = true;
  }
};

}  // namespace headrace::dispatcher
