// SPDX-License-Identifier: Apache-2.0
// A part of what Redis still knows: from such parts the history is made when the event log no longer reaches
// back to its beginning.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "store/state/build.hpp"
#include "store/state/request.hpp"
#include "store/state/worker.hpp"
#include "wire/records.hpp"

namespace headrace::web {

/// Parts come in this order: changes, buildsets, builds (finished and running), requests, workers and
/// pollers. The last of them say what has become of the earlier ones.
struct SnapshotPart {
  std::vector<store::StoredChange> changes;
  std::vector<store::StoredBuildset> buildsets;
  std::vector<wire::Build> builds;
  std::vector<store::Request> requests;
  std::vector<store::Worker> workers;
  std::map<std::string, std::string> poller_problems;
};

}  // namespace headrace::web
