// SPDX-License-Identifier: Apache-2.0
// The scheduler's cursor lives with what the schedulers decided: functions/scheduler.lua.
#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "store/call.hpp"
#include "wire/records.hpp"

namespace headrace::store {

/// Names a waiting list: the scheduler, and the timer's key ("" for a scheduler with one timer).
struct TimerName {
  std::string scheduler;
  std::string key;
  auto operator<=>(const TimerName&) const = default;
};

/// The cursor moves to the last event that was decided about, with the decisions.
/// Refused: stale (the term, or the cursor, is another), config, bad.
struct SchedulerApply {
  static constexpr std::string_view kFunction = "scheduler_apply";
  /// A buildset at once.
  struct Make {
    std::string scheduler;
    wire::Buildset set;
  };
  /// A change waits.
  struct Wait {
    TimerName timer;
    ChangeId change;
    bool important = false;
    std::optional<std::int64_t> due_ms;  ///< set: the timer is (re)started
  };
  using Operation = std::variant<Make, Wait>;
  std::int64_t term = 0;  ///< of the role "scheduler"
  ConfigVersion version;
  EventNumber from;  ///< where the cursor is
  wire::Cursor to;
  std::vector<Operation> operations;  ///< at most kMaxOperations

  using Answer = EventNumber;  ///< where the cursor is now
  Call call() const;
  static Outcome<Answer> read(const Reply& reply);
};

/// A timer has run out: the buildset is of exactly the listed changes, which are the first of its list. The
/// timer's next time is set in the same step.
/// Refused: stale (another due time or another list), config, bad.
struct SchedulerDue {
  static constexpr std::string_view kFunction = "scheduler_due";
  std::int64_t term = 0;
  ConfigVersion version;
  TimerName timer;
  std::optional<std::int64_t> due_ms;       ///< that has come; none: the timer was never set
  std::optional<std::int64_t> next_due_ms;  ///< set: the timer goes on
  std::vector<ChangeId> changes;            ///< at most kMaxListedChanges; none for a timer without changes
  wire::Buildset set;

  using Answer = BuildsetId;
  Call call() const;
  static Outcome<Answer> read(const Reply& reply);
};

/// Puts the changes of one waiting list into several: each of its changes into one of them, in the same
/// order. Refused: stale (the term, or the list, is another), config, bad.
struct WaitingSplit {
  static constexpr std::string_view kFunction = "waiting_split";
  struct Part {
    std::string key;                     ///< of a list that does not exist yet, or of the one that is split
    std::optional<std::int64_t> due_ms;  ///< nothing: its timer does not run
    std::vector<ChangeId> changes;
  };
  std::int64_t term = 0;
  ConfigVersion version;
  TimerName timer;
  std::vector<Part> parts;

  using Answer = Done;
  Call call() const;
  static Outcome<Answer> read(const Reply& reply);
};

/// Forgets a timer and the changes that wait for it: its scheduler is gone from the configuration.
/// Refused: stale (the term is another), config.
struct WaitingDrop {
  static constexpr std::string_view kFunction = "waiting_drop";
  std::int64_t term = 0;
  ConfigVersion version;  ///< that does not have the scheduler any more
  TimerName timer;

  using Answer = Done;
  Call call() const;
  static Outcome<Answer> read(const Reply& reply);
};

}  // namespace headrace::store
