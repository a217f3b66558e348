// SPDX-License-Identifier: Apache-2.0
#include "process/status_page.hpp"

namespace headrace::process {

http::Response StatusPage::answer(const http::Request& request) const {
  http::Response out;
  if (request.path == "/healthz") {
    auto health = health_();
    const bool healthy = health.reason.empty();
    auto& o = health.details;
    o["healthy"] = healthy;
    o["reason"] = std::move(health.reason);
    o["version"] = HEADRACE_VERSION;
    out.status = healthy ? 200 : 503;
    out.content_type = "application/json";
    out.body = json::write(std::move(o)) + "\n";
  } else if (request.path == "/metrics") {
    out.content_type = "text/plain; version=0.0.4; charset=utf-8";
    out.body = metrics_.render();
  } else {
    out.status = 404;
    out.body = "no such page: " + request.path + "; /healthz and /metrics are here\n";
  }
  return out;
}

void StatusPage::serve(boost::asio::io_context& io, const std::string& address) {
  if (address.empty()) return;
  server_ = std::make_unique<http::Server>(
      io, address, [this](http::Request q, std::shared_ptr<http::Responder> r) { r->send(answer(q)); });
}

}  // namespace headrace::process
