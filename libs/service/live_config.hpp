// SPDX-License-Identifier: Apache-2.0
// The configuration that is current in Redis, evaluated; and older versions that running builds keep.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "config/configuration.hpp"
#include "service/house.hpp"

namespace headrace::service {

/// Evaluates the files of a version; null when it has mistakes. The simulation keeps what it has evaluated
/// once.
using Evaluate = std::function<std::shared_ptr<config::Configuration>(const config::Files&,
                                                                      std::vector<config::Problem>&)>;

class LiveConfig {
 public:
  explicit LiveConfig(House& house, Evaluate evaluate = config::Configuration::evaluate)
      : house_(house), evaluate_(std::move(evaluate)) {}

  /// Reads and evaluates the current version; `done` always comes while the connection lasts. Call from
  /// load() and on the event config.applied.
  void refresh(std::function<void()> done);

  /// 0 until a configuration was applied.
  ConfigVersion version() const { return version_; }
  /// The newest that was read, also when it could not be evaluated here: another event about it says nothing
  /// new.
  ConfigVersion tried() const { return tried_; }
  /// The current one; null at version 0.
  const std::shared_ptr<config::Configuration>& current() const { return current_; }

  /// An older version (cached); null when it is not there or cannot be evaluated.
  void at(ConfigVersion version, std::function<void(std::shared_ptr<config::Configuration>)> done);

 private:
  House& house_;
  Evaluate evaluate_;
  struct Known {
    std::string packed;  ///< the files that it was evaluated from
    std::weak_ptr<config::Configuration> configuration;
    bool checked = false;  ///< Redis has these files under this number, as of the last refresh()
  };

  ConfigVersion version_, tried_;
  std::shared_ptr<config::Configuration> current_;
  std::map<ConfigVersion, Known> known_;
};

}  // namespace headrace::service
