// SPDX-License-Identifier: Apache-2.0
// /healthz and /metrics of a worker.
#pragma once

#include <boost/asio/io_context.hpp>
#include <functional>
#include <memory>
#include <string>

#include "core/core.hpp"

namespace headrace::worker {

/// Prometheus text of a worker's counters.
std::string metrics_text(const CoreStatus& status);

class StatusPage {
 public:
  /// @param address  as http::Server takes it. Throws when it cannot be bound.
  StatusPage(boost::asio::io_context& io, const std::string& address, std::function<CoreStatus()> status);
  ~StatusPage();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace headrace::worker
