// SPDX-License-Identifier: Apache-2.0
#include "cli/up/readiness.hpp"

#include "cli/health_text.hpp"

namespace headrace::cli {

void Readiness::wait(std::map<std::string, http::Call> probes, std::function<void()> ready) {
  probes_ = std::move(probes);
  ready_ = std::move(ready);
  for (const auto& [name, call] : probes_) reasons_[name] = "has not answered yet";
  look();
}

void Readiness::look() {
  if (probes_.empty()) {
    if (auto ready = std::exchange(ready_, nullptr)) ready();
    return;
  }
  in_flight_ = probes_.size();
  for (const auto& [name, call] : probes_) {
    client_.send(call, [this, name = name](http::Reply reply) {
      if (stopped_) return;
      if (reply.status == 200) {
        probes_.erase(name);
        reasons_.erase(name);
      } else {
        reasons_[name] = health_text(reply);
      }
      if (--in_flight_ > 0) return;
      if (probes_.empty()) return look();
      timer_.expires_after(kLook);
      timer_.async_wait([this](const boost::system::error_code& error) {
        if (!error && !stopped_) look();
      });
    });
  }
}

}  // namespace headrace::cli
