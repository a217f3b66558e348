// SPDX-License-Identifier: Apache-2.0
// What must hold of every run, whatever happened in it; read from the event log, the stored logs and the
// keys that are left, so that it does not rest on what any core believes.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "simulation/environment.hpp"
#include "simulation/notifier_process.hpp"
#include "simulation/steps.hpp"
#include "wire/event.hpp"
#include "wire/records.hpp"

namespace headrace::simulation {

struct Violation {
  std::string invariant;  ///< events, changes, timers, requests, verdicts, attempts, logs, starts, versions,
                          ///< leftovers, slots, reports, cancels, drained, sessions
  std::string text;
};

/// What the run did, for comparison.
struct Expected {
  std::set<std::string> revisions;                             ///< that were answered 2xx
  std::map<std::string, std::vector<std::string>> schedulers;  ///< name → builders
  std::string timed_scheduler;                                 ///< has a tree-stable timer
  milliseconds tree_stable{0};
  std::vector<std::string> workers;
  std::map<ConfigVersion, std::string> versions;  ///< the word that the steps of each version have
  std::set<std::int64_t> cancelled;               ///< requests
  StartedSteps started;
  std::string
      safe_worker;  ///< was never killed, frozen or cut off: none of its builds may be RETRY. "": none
  /// Builder and number of builds that Redis forgot: a worker may go on with one until it hears of it, and
  /// another build may get the number.
  std::set<std::pair<std::string, std::string>> forgotten;
  std::map<std::string, Told> told;  ///< reports that their receiver has got
  int reports_excused = 0;           ///< times that Redis went back: each may have doubled some
};

/// Builder and number of every build that was accepted, and its configuration.
std::map<std::pair<std::string, std::string>, ConfigVersion> accepted_builds(SimulatedStore& store);

/// Every violation, each invariant in a function of its own.
std::vector<Violation> check(SimulatedStore& store, const Expected& expected);

/// What must hold at every instant: no worker has more claims than slots, and every slot belongs to the claim
/// that names it. @param capacity  slots of each worker
std::vector<Violation> check_slots(SimulatedStore& store, const std::map<std::string, int>& capacity);

/// Counts of a run, for its summary.
struct RunSummary {
  std::size_t events = 0, builds = 0, retried = 0, finished = 0;
};
RunSummary summary_of(SimulatedStore& store);

}  // namespace headrace::simulation
