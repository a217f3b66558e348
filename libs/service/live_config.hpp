// SPDX-License-Identifier: Apache-2.0
// The configuration that is current in Redis, evaluated; and older versions that running builds keep.
#pragma once

#include <algorithm>
#include <functional>
#include <map>
#include <memory>

#include "config/configuration.hpp"
#include "service/host.hpp"

namespace headrace::service {

class LiveConfig {
 public:
  explicit LiveConfig(Host& host) : host_(host) {}

  /// Reads and evaluates the current version; `done` always comes while the connection lasts. Call from
  /// load() and on the event config.applied.
  void refresh(std::function<void()> done);

  /// 0 until a configuration was applied.
  ConfigVersion version() const { return version_; }
  /// The newest that was read, also when it could not be evaluated here: another event about it says nothing
  /// new.
  ConfigVersion tried() const { return std::max(tried_, version_); }
  /// The current one; null at version 0.
  const std::shared_ptr<config::Configuration>& current() const { return current_; }

  /// An older version (cached); null when it is not there or cannot be evaluated.
  void at(ConfigVersion version, std::function<void(std::shared_ptr<config::Configuration>)> done);

 private:
  Host& host_;
  ConfigVersion version_, tried_;
  std::shared_ptr<config::Configuration> current_;
  std::map<ConfigVersion, std::weak_ptr<config::Configuration>> cache_;
};

}  // namespace headrace::service
