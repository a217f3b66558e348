// SPDX-License-Identifier: Apache-2.0
// /healthz and /metrics, in one form for every process.
//
// /healthz answers 200 when the process can do its work and 503 when not, with a JSON object: healthy,
// reason, version, and what else this kind of process says of itself.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "http/server.hpp"
#include "json/value.hpp"
#include "process/metrics.hpp"

namespace headrace::process {

struct Health {
  std::string reason;    ///< why the process cannot do its work; "" when it can
  json::Object details;  ///< for people and scripts: what it is, what it holds
};

class StatusPage {
 public:
  /// @param metrics  outlives the page
  StatusPage(std::function<Health()> health, const Metrics& metrics)
      : health_(std::move(health)), metrics_(metrics) {}

  http::Response answer(const http::Request& request) const;

  /// Answers at an address of its own, too. Throws when it cannot be bound.
  /// @param address  as http::Server takes it; "": nowhere
  void serve(boost::asio::io_context& io, const std::string& address);

 private:
  std::function<Health()> health_;
  const Metrics& metrics_;
  std::unique_ptr<http::Server> server_;
};

}  // namespace headrace::process
