// SPDX-License-Identifier: Apache-2.0
// Builds as Redis has them: running, finished, and one claim with everything that goes on with it.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "store/read.hpp"
#include "store/state/listed.hpp"
#include "store/state/log.hpp"
#include "store/state/request.hpp"
#include "wire/records.hpp"

namespace headrace::store {

/// A running build: its start, and the steps and properties that were reported since.
struct RunningBuild {
  wire::Build build;
  std::int64_t sequence = 0;  ///< last report applied
};

/// A running or finished build; `results` and `complete_ms` of the record tell which. Nothing when there is
/// no such build (any more). A step that has not started yet has no name.
Read<std::optional<wire::Build>> build(BuildId id);
Read<Listed<wire::Build>> builds(BuildId from, BuildId to);

/// One claim, and all that its next owner goes on with.
struct Claimed {
  Request request;
  std::shared_ptr<const wire::Buildset> set;  ///< null when it cannot be read
  std::optional<RunningBuild> running;        ///< of a running request
  LogExtents logs;                            ///< of the running build
};
/// Request, buildset and build in one call of a function, then the logs. With `build` known, all of it goes
/// in one pipeline. Nothing when there is no such request.
Read<std::optional<Claimed>> claim(RequestId request, BuildId build = {});

/// The changes of these ids, in order; those that are gone or cannot be read are left out.
Read<std::vector<wire::Change>> changes(std::vector<ChangeId> ids);
struct StoredChange {
  wire::Change change;          ///< with its id
  std::int64_t arrived_ms = 0;  ///< when it came in; 0: stored by a version that did not keep it
};
Read<Listed<StoredChange>> changes(ChangeId from, ChangeId to);

}  // namespace headrace::store
