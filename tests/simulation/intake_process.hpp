// SPDX-License-Identifier: Apache-2.0
// The changesource service in a simulated process, and somebody who posts pushes to it: as a forge that
// repeats a delivery, under its id, until it was answered 2xx.
#pragma once

#include <functional>
#include <memory>
#include <stdexcept>
#include <string>

#include "changesource/service.hpp"
#include "simulation/process.hpp"

namespace headrace::simulation {

class IntakeProcess : public Process, public changesource::Surroundings {
 public:
  IntakeProcess(Environment& environment, std::size_t index)
      : Process(environment, "changesource" + std::to_string(index), {}) {}

  /// Posts a push of one commit. @param answered  with the status; never when the process dies first
  void post(const wire::Change& change, const std::string& delivery,
            std::function<void(int status)> answered) {
    if (!alive()) return;
    http::Request request;
    request.method = "POST";
    request.target = request.path = "/change_hook/base";
    request.body = "author=" + change.author + "&comments=c&branch=" + *change.branch +
                   "&revision=" + *change.revision + "&files=%5B%22" + change.files.at(0) + "%22%5D";
    if (!delivery.empty()) request.headers.emplace_back("Idempotency-Key", delivery);
    service_->on_hook(request, life().guard([answered = std::move(answered)](const http::Response& response) {
      answered(response.status);
    }));
  }

 private:
  std::unique_ptr<service::Service> make_service() override {
    auto out = std::make_unique<changesource::ChangeSourceService>(*this, *this, env_.evaluate);
    service_ = out.get();
    return out;
  }
  void ask(http::Call, std::function<void(http::Reply)>) override {
    throw std::logic_error("no forge is here");
  }
  std::unique_ptr<changesource::PollRunner> poll_runner(const std::string&) override {
    throw std::logic_error("no poller is here");
  }

  changesource::ChangeSourceService* service_ = nullptr;  ///< of this life
};

}  // namespace headrace::simulation
