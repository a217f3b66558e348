// SPDX-License-Identifier: Apache-2.0
// Workers as Redis has them.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "store/read.hpp"
#include "wire/records.hpp"

namespace headrace::store {

struct Worker {
  std::string name;
  SessionId session;  ///< the current one; after the end of a session, a newer number that nobody holds
  bool connected = false;
  std::optional<wire::WorkerInfo> info;  ///< as it said at its last hello
  std::int64_t busy_slots = 0;
};

/// Every worker that ever said hello, by name.
Read<std::vector<Worker>> workers();
Read<std::optional<Worker>> worker(std::string name);
/// The requests that hold a slot of the worker.
Read<std::vector<RequestId>> claims_of_worker(std::string name);

}  // namespace headrace::store
