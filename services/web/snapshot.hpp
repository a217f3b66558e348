// SPDX-License-Identifier: Apache-2.0
// Everything that Redis still knows, read in parts: for a history whose event log no longer reaches back to
// its beginning.
#pragma once

#include <functional>

#include "service/house.hpp"
#include "web/history/snapshot.hpp"

namespace headrace::web {

/// Takes a part of the snapshot; calls `next` when it wants more.
using SnapshotSink = std::function<void(SnapshotPart part, std::function<void()> next)>;

/// Reads changes, buildsets, builds, requests and workers, in that order, some hundred at a time. What
/// happens meanwhile may or may not be in the parts: the events after the cursor bring it again. What cannot
/// be read is left out and named in the process log.
/// @param done  gets the cursor that was current before the first read. Neither callback comes once the
///              state is thrown away.
void read_snapshot(service::House& house, SnapshotSink sink, std::function<void(events::Cursor)> done);

}  // namespace headrace::web
