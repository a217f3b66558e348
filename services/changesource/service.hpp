// SPDX-License-Identifier: Apache-2.0
// The intake: web hooks over HTTP and the pollers. A hook is answered 2xx only when its changes are
// committed.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "changesource/hooks/receive.hpp"
#include "changesource/poller.hpp"
#include "changesource/settings.hpp"
#include "http/client.hpp"
#include "http/server.hpp"
#include "service/live_config.hpp"
#include "service/runner.hpp"

namespace headrace::changesource {

class ChangeSourceService : public service::Service {
 public:
  ChangeSourceService(service::ServiceRunner& runner, Settings settings)
      : settings_(std::move(settings)), host_(&runner) {}

  void start() override;
  void load() override;
  void unload() override;
  void on_event(const wire::Event& event) override;
  void on_tick() override;
  std::string unhealthy() const override;
  void stop(std::function<void()> done) override;

 private:
  using Responder = std::shared_ptr<http::Responder>;
  void on_request(http::Request request, Responder responder);
  void settle(hooks::Outcome outcome, const std::string& dialect, Responder responder);
  void record(hooks::Delivery delivery, const std::string& dialect, Responder responder);
  void prepare(wire::Change& change);
  void renew_pollers();

  Settings settings_;
  service::ServiceRunner* host_;
  std::unique_ptr<service::LiveConfig> config_;
  std::unique_ptr<http::Server> server_;
  std::unique_ptr<http::Client> client_;
  hooks::Hooks hooks_;
  std::vector<std::unique_ptr<Poller>> pollers_;
  std::unique_ptr<boost::asio::steady_timer> stop_timer_;
};

}  // namespace headrace::changesource
