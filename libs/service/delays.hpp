// SPDX-License-Identifier: Apache-2.0
// The delays that gather things on purpose: each trades a little latency that no build waits for against
// wake-ups and round trips. docs/architecture.md, "Delays", lists them beside those of the other programs;
// bench/run measured them.
#pragma once

#include "clock/clock.hpp"

namespace headrace::service {

/// Events that were committed here wait so long for others before they go to the bus: no build waits for the
/// bus, and waking the bus's threads at once would delay the build's own next step.
inline constexpr milliseconds kPublishDelay{3};

/// One blocking read of the event log lasts at most so long.
inline constexpr milliseconds kFollowLimit{1000};
/// Between two reads of the event log when the first has brought only events of one's own: under load the log
/// is full of them.
inline constexpr milliseconds kFollowPauseOwn{1};
/// The same for the scheduler, always: of all events only changes and configurations concern it.
inline constexpr milliseconds kFollowPauseScheduler{2};

/// Messages of the bus lie so long before a reader takes all of them at once.
inline constexpr milliseconds kDeliveryDelayWeb{2};
inline constexpr milliseconds kDeliveryDelayNotifier{20};

}  // namespace headrace::service
