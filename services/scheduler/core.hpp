// SPDX-License-Identifier: Apache-2.0
// Decides for every change what to build and when. Pure: events, configuration and time come in, calls
// of the store go out; whoever runs it commits them in order.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "clock/clock.hpp"
#include "config/configuration.hpp"
#include "events/reader.hpp"
#include "scheduler/kinds/branch.hpp"
#include "store/call.hpp"
#include "store/read.hpp"
#include "wire/records.hpp"

namespace headrace::scheduler {

/// A change on a scheduler's waiting list.
struct WaitingChange {
  wire::Change change;
  bool important = false;
};

/// The changes that wait for one tree-stable timer. Named by scheduler and timer key ("" for a scheduler
/// with one timer).
struct WaitingList {
  std::vector<WaitingChange> changes;  ///< in order of arrival
  std::optional<std::int64_t> due_ms;  ///< on Redis's clock; no timer runs while nothing important waits
};
using ListName = std::pair<std::string, std::string>;

class Core {
 public:
  /// @param configuration  outlives the core
  /// @param term           of the scheduler's role, said with every call
  Core(config::Configuration& configuration, ConfigVersion version, std::int64_t term, events::Cursor cursor,
       std::map<ListName, WaitingList> waiting);

  /// Decides about the next event. Calls to commit are added to `calls`.
  void on_event(const wire::Event& event, std::vector<store::Call>& calls);

  /// Makes the buildsets of timers that have run out. Call only when every event up to now was given in,
  /// so that no change that should restart a timer is still on its way.
  void on_time(std::int64_t now_ms, std::vector<store::Call>& calls);

  /// The last event that was given in.
  const events::Cursor& seen() const { return seen_; }

  /// Moves the cursor over events that decided nothing; they are many, so not one by one.
  void on_idle(std::vector<store::Call>& calls);

  /// When on_time has something to do next, Redis's clock in ms.
  std::optional<std::int64_t> next_due() const;

  /// What went wrong in functions of the configuration since the last look, for the log.
  std::vector<std::string> take_complaints();

 private:
  /// A branch scheduler, its options bound once.
  struct BranchScheduler {
    const config::Scheduler& declared;
    BranchOptions options;
  };
  void on_change(const BranchScheduler& scheduler, const wire::Change& change, std::int64_t at_ms);
  bool wanted(const BranchScheduler& scheduler, const wire::Change& change, bool& important);
  const BranchScheduler* branch_scheduler(const std::string& name) const;
  void commit_decisions(std::vector<store::Call>& calls);
  wire::Buildset make_buildset(const BranchScheduler& scheduler, std::vector<wire::Change> changes);

  config::Configuration& configuration_;
  std::vector<BranchScheduler> branch_schedulers_;  ///< as declared
  ConfigVersion version_;
  std::int64_t term_;
  events::Cursor committed_;  ///< as the calls given out leave it
  events::Cursor seen_;
  std::map<ListName, WaitingList> waiting_;
  std::vector<std::vector<std::string>> decisions_;  ///< operations of the event being decided
  std::vector<std::string> complaints_;
};

}  // namespace headrace::scheduler
