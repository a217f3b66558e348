// SPDX-License-Identifier: Apache-2.0
// A claim on a worker of this dispatcher: an offer, or a running build and what is committed of it.
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

/// Shared by the builds that were offered with one version, and by whoever has evaluated it.
using ConfigurationPtr = std::shared_ptr<config::Configuration>;

/// One log as far as it was given to the store. `sent` runs ahead of `committed` while appends are in
/// flight; the store's word about what it has wins over both.
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
  bool ended = false;                        ///< its end is on its way to the store
  std::optional<std::string> cancel_reason;  ///< set: it is to be cancelled
  ConfigurationPtr configuration;            ///< the version it was offered with
  wire::Build build;                         ///< as it is now: properties, steps

  std::int64_t sequence_sent = 0;       ///< last report given to the store
  std::int64_t sequence_committed = 0;  ///< last report applied
  std::deque<wire::Report> waiting;     ///< reports whose logs are not all committed yet, in order
  std::map<store::LogName, LogState> logs;
};

/// How the logs of a build stand, for the log store.
std::map<store::LogName, std::int64_t> log_sizes(const ActiveBuild& build);

/// The REST shape of what a lost worker leaves: running steps end with `results`, open logs are marked
/// incomplete with the extents that the store has.
void close_lost(wire::Build& build, Results results, const store::LogExtents& logs, std::int64_t now_ms);

}  // namespace headrace::dispatcher
