// SPDX-License-Identifier: Apache-2.0
// What verbs and views need to know of the site before they act.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "config/configuration.hpp"
#include "control/outcome.hpp"
#include "store/client.hpp"
#include "store/transitions/site.hpp"
#include "wire/records.hpp"

namespace headrace::control {

/// The current configuration.
struct Current {
  ConfigVersion version;
  std::unique_ptr<config::Configuration> configuration;
};
/// Refused: none was applied yet, or this program does not understand it.
Outcome<Current> current_configuration(store::BlockingClient& store);

/// The transition that makes a checked configuration the current one; for any client.
store::ConfigApply apply(const config::Files& files, const config::Site& site);

/// "17" (a build id) or "kernel#3" (a builder's number, searched from the newest build on).
Outcome<wire::Build> find_build(store::BlockingClient& store, const std::string& word);

/// A worker of the configuration, or one that is connected.
struct WorkerState {
  std::string name;
  bool declared = false, embedded = false;
  int slots = 0;
  bool connected = false;
  wire::WorkerInfo info;  ///< as it said when it connected last
  std::int64_t busy = 0;  ///< slots in use
};
std::vector<WorkerState> workers(store::BlockingClient& store, const config::Site& site);

}  // namespace headrace::control
