// SPDX-License-Identifier: Apache-2.0
// One declared git poller: holds its role, polls when it is time, commits changes and state together.
#pragma once

#include <boost/asio/steady_timer.hpp>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>

#include "changesource/git_poller/poll.hpp"
#include "changesource/git_runner.hpp"
#include "config/site.hpp"
#include "generation/generation.hpp"
#include "service/role.hpp"
#include "service/runner.hpp"

namespace headrace::changesource {

class Poller {
 public:
  /// @param prepare  last touches on a change before it is stored (codebase)
  Poller(service::ServiceRunner& host, const config::Poller& declared, std::filesystem::path directory,
         std::function<void(wire::Change&)> prepare);

  /// Renews the role, or takes it when it is free: then it polls at once.
  void on_tick();
  void release() { role_.release(); }
  const std::string& name() const { return name_; }
  /// Why the last poll failed; "" when it did not.
  const std::string& problem() const { return problem_; }

 private:
  void poll();
  void step(git_poller::PollStep next);
  void commit(git_poller::Poll poll);
  void plan();

  service::ServiceRunner& host_;
  std::string name_;
  GitPollerOptions options_;
  std::function<void(wire::Change&)> prepare_;
  service::Role role_;
  GitRunner runner_;
  boost::asio::steady_timer timer_;
  std::string state_text_;  ///< as it is in the store
  std::string problem_;
  Generation generation_;  ///< a new configuration replaces the poller while answers are on their way
};

}  // namespace headrace::changesource
