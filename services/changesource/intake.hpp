// SPDX-License-Identifier: Apache-2.0
// The sockets and programs of the intake: the port for web hooks, questions to forges, the pollers' programs.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "changesource/service.hpp"
#include "changesource/settings.hpp"
#include "http/client.hpp"
#include "http/server.hpp"
#include "service/runner.hpp"

namespace headrace::changesource {

class Intake : private Surroundings, public ChangeSourceService {
 public:
  Intake(service::ServiceRunner& runner, Settings settings);

  void start() override;

 private:
  void ask(http::Call call, std::function<void(http::Reply)> done) override;
  std::unique_ptr<PollRunner> poll_runner(const std::string& poller) override;

  service::ServiceRunner& runner_;
  Settings settings_;
  http::Client client_;
  std::unique_ptr<http::Server> server_;
};

}  // namespace headrace::changesource
