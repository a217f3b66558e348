// SPDX-License-Identifier: Apache-2.0
// Waits until every process answers that it can do its work.
#pragma once

#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <map>
#include <string>

#include "clock/clock.hpp"
#include "http/client.hpp"

namespace headrace::cli {

class Readiness {
 public:
  static constexpr milliseconds kLook{30};

  explicit Readiness(boost::asio::io_context& io) : timer_(io), client_(io) {}

  /// @param probes  name → how to ask; ready is an answer 200
  /// @param ready   called once
  void wait(std::map<std::string, http::Call> probes, std::function<void()> ready);
  void stop() { stopped_ = true, timer_.cancel(); }
  /// Who is not ready yet, and why; name → reason.
  const std::map<std::string, std::string>& waiting_for() const { return reasons_; }

 private:
  void look();

  boost::asio::steady_timer timer_;
  http::Client client_;
  std::map<std::string, http::Call> probes_;
  std::map<std::string, std::string> reasons_;
  std::function<void()> ready_;
  std::size_t in_flight_ = 0;
  bool stopped_ = false;
};

}  // namespace headrace::cli
