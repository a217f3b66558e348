// SPDX-License-Identifier: Apache-2.0
// The numbered event log, read.
#pragma once

#include <optional>
#include <vector>

#include "clock/clock.hpp"
#include "store/read.hpp"
#include "wire/event.hpp"

namespace headrace::store {

/// The last event of the event log.
Read<wire::Cursor> head();

/// At most `limit` events after `after`, in order.
Read<std::vector<wire::Event>> events_after(EventNumber after, std::size_t limit);

/// The same, but waits for the first one, at most `wait`. Needs a connection of its own: while it waits,
/// nothing else on the connection is answered.
Read<std::vector<wire::Event>> await_events_after(EventNumber after, std::size_t limit, milliseconds wait);

/// One event; nothing when it was trimmed or is not there yet.
Read<std::optional<wire::Event>> event_at(EventNumber number);

/// The first event that is still in the event log; 0: the event log is empty.
Read<EventNumber> first_event();

/// Where the scheduler has got to.
Read<wire::Cursor> scheduler_cursor();
/// Where a reporter has got to; 0 when it has never started.
Read<wire::Cursor> reporter_cursor(std::string reporter);

}  // namespace headrace::store
