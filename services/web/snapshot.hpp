// SPDX-License-Identifier: Apache-2.0
// Everything that Redis still knows, read as events with number 0: for a history whose log no longer
// reaches back to its beginning.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "service/runner.hpp"
#include "wire/event.hpp"

namespace headrace::web {

/// Takes a part of the snapshot; calls `next` when it wants more.
using SnapshotSink = std::function<void(std::vector<wire::Event> part, std::function<void()> next)>;

/// Reads changes, buildsets, finished and running builds, requests and workers, in that order, some hundred
/// at a time. What happens meanwhile may or may not be in it: the events after `cursor` bring it again.
/// @param done  gets the cursor that was current before the first read. Neither callback comes once the
///              connection is lost.
void read_snapshot(service::ServiceRunner& host, SnapshotSink sink, std::function<void(events::Cursor)> done);

}  // namespace headrace::web
