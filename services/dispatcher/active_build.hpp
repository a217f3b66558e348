// SPDX-License-Identifier: Apache-2.0
// A claim on a worker of this dispatcher: an offer, or a running build with the part of it that is committed.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "config/configuration.hpp"
#include "store/state/log.hpp"
#include "wire/plan.hpp"
#include "wire/records.hpp"
#include "wire/worker_protocol.hpp"

namespace headrace::dispatcher {

/// Shared by all builds that were offered with one version, and by service::LiveConfig, which evaluates it.
using ConfigurationPtr = std::shared_ptr<config::Configuration>;

/// How much of one log was given to the store. `sent` is ahead of `committed` while appends are in flight.
/// The store's own answer about the log replaces both.
struct LogState {
  store::LogExtent sent, committed;
  int in_flight = 0;
};

struct ActiveBuild {
  wire::Claim claim;
  std::string worker;
  std::string slot;  ///< "<builder>", "<builder>~2" …
  bool running = false;
  bool accepting = false;                    ///< the accept is on its way to the store
  bool ended = false;                        ///< the end of the build is on its way to the store
  std::optional<std::string> cancel_reason;  ///< set when the build is to be cancelled
  ConfigurationPtr configuration;            ///< the version with which the build was offered
  wire::Build build;                         ///< the record as it is now, with properties and steps

  std::int64_t sequence_sent = 0;       ///< the last report that was given to the store
  std::int64_t sequence_committed = 0;  ///< the last report that the store has applied
  std::deque<wire::Report> waiting;     ///< reports whose logs are not all committed yet, in order
  std::map<store::LogName, LogState> logs;
};

/// The committed size of every log of a build, for the log store.
std::map<store::LogName, std::int64_t> log_sizes(const ActiveBuild& build);

/// Ends the record of a build whose worker was lost: running steps end with `results`, and open logs are
/// marked incomplete, with the extents that the store has.
void close_lost(wire::Build& build, Results results, const store::LogExtents& logs, std::int64_t now_ms);

}  // namespace headrace::dispatcher
