// SPDX-License-Identifier: Apache-2.0
// What the intake decides about web hooks and pollers. A hook is answered 2xx only when its changes are
// committed.
//
// It sees no socket and starts no program: Intake (intake.hpp) does that for it, and the simulation does it
// with dice.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "changesource/hooks/receive.hpp"
#include "changesource/pollers/poller.hpp"
#include "service/house.hpp"
#include "service/live_config.hpp"

namespace headrace::changesource {

/// What the intake needs of the world.
class Surroundings {
 public:
  virtual ~Surroundings() = default;
  /// Asks a forge.
  virtual void ask(http::Call call, std::function<void(http::Reply)> done) = 0;
  /// Runs the programs of one poller.
  virtual std::unique_ptr<PollRunner> poll_runner(const std::string& poller) = 0;
};

class ChangeSourceService : public service::Service {
 public:
  /// Both outlive the service.
  ChangeSourceService(service::House& house, Surroundings& surroundings,
                      service::Evaluate evaluate = config::Configuration::evaluate)
      : house_(house), surroundings_(surroundings), config_(house, std::move(evaluate)) {}

  void start() override;
  void load() override;
  void unload() override;
  void on_event(const wire::Event& event) override;
  void on_tick() override;
  std::string unhealthy() const override;
  /// The pollers that cannot read all they watch: the hooks are taken nevertheless, so that is no 503.
  json::Object details() const override;
  void stop(std::function<void()> done) override;

  /// A request on a path of hooks. @param answer  called once, or never when the connection to Redis is lost
  /// meanwhile: the sender gets no answer then, and sends it again
  using Answer = std::function<void(http::Response)>;
  void on_hook(const http::Request& request, Answer answer);

 private:
  void take(hooks::Outcome outcome, const std::string& dialect, Answer answer);
  void ask_forge(hooks::Questions questions, const std::string& dialect, Answer answer);
  void record(hooks::Delivery delivery, const std::string& dialect, Answer answer);
  void prepare(wire::Change& change);
  void take_configuration();

  service::House& house_;
  Surroundings& surroundings_;
  service::LiveConfig config_;
  hooks::Hooks hooks_;
  std::vector<std::unique_ptr<Poller>> pollers_;
};

}  // namespace headrace::changesource
