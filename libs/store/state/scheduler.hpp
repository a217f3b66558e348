// SPDX-License-Identifier: Apache-2.0
// What a new scheduler has to know: where its cursor is, what waits, and for which time.
#pragma once

#include <map>
#include <optional>
#include <vector>

#include "store/read.hpp"
#include "store/transitions/scheduler.hpp"
#include "wire/records.hpp"

namespace headrace::store {

/// A change on a scheduler's waiting list.
struct WaitingChange {
  wire::Change change;
  bool important = false;
};

/// One timer: the changes that wait for it, in order of arrival, and when it is due.
struct Timer {
  std::vector<WaitingChange> changes;
  std::optional<std::int64_t> due_ms;  ///< on Redis's clock; nothing while nothing important waits
};

struct SchedulerState {
  wire::Cursor cursor;
  std::map<TimerName, Timer> timers;
};

Read<SchedulerState> scheduler_state();
/// How many timers have changes that wait for them.
Read<std::int64_t> count_waiting_lists();

}  // namespace headrace::store
