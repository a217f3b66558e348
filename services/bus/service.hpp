// SPDX-License-Identifier: Apache-2.0
// Forwards every message of the publishers to the subscribers, and decides which CURVE keys may connect.
// Publishers need the site's own key. Subscribers need the site's key or one that `headrace subscriber add`
// has allowed.
#pragma once

#include <memory>
#include <string>

#include "arguments/arguments.hpp"
#include "service/admitted_public_keys.hpp"
#include "service/runner.hpp"

namespace headrace::bus_service {

struct Settings {
  std::string bind_publish = "ipc:///run/headrace/publish";  ///< endpoints, comma separated
  std::string bind_subscribe = "ipc:///run/headrace/subscribe,tcp://127.0.0.1:9802";
  void add_options(arguments::Command& command);
};

class BusService : public service::Service {
 public:
  BusService(service::ServiceRunner& runner, Settings settings)
      : settings_(std::move(settings)), runner_(&runner) {}
  void start() override;
  void load() override;
  void unload() override;
  void on_tick() override;

 private:
  Settings settings_;
  service::ServiceRunner* runner_;
  std::unique_ptr<bus::Socket> publishers_, subscribers_;
  std::unique_ptr<service::AdmittedPublicKeys> keys_;
};

}  // namespace headrace::bus_service
