// SPDX-License-Identifier: Apache-2.0
// Workers as the configuration declares them and as Redis knows them.
#pragma once

#include <string>
#include <vector>

#include "store/client.hpp"
#include "wire/records.hpp"

namespace headrace::cli {

struct WorkerState {
  std::string name;
  bool declared = false;  ///< in the current configuration
  bool embedded = false;
  int slots = 0;
  bool connected = false;
  std::int64_t busy = 0;  ///< builds offered to it or running on it
  wire::WorkerInfo info;  ///< what it said last
};

/// By name.
std::vector<WorkerState> read_workers(store::BlockingClient& store);

}  // namespace headrace::cli
