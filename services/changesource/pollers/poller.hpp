// SPDX-License-Identifier: Apache-2.0
// One declared poller of any kind: holds its role, polls when it is time, commits changes and state together.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "changesource/pollers/poller_kind.hpp"
#include "config/site.hpp"
#include "generation/generation.hpp"
#include "service/house.hpp"
#include "service/role.hpp"

namespace headrace::changesource {

class Poller {
 public:
  /// @param prepare  last touches on a change before it is stored (codebase)
  Poller(service::House& house, const config::Poller& declared, const PollerKind& kind,
         std::unique_ptr<PollRunner> runner, std::function<void(wire::Change&)> prepare);

  /// Renews the role, or takes it when it is free: then it polls at once.
  void on_tick();
  void release() { role_.release(); }
  const std::string& name() const { return name_; }
  /// Why the last poll failed, as a whole or in part; "" when it did not.
  const std::string& problem() const { return problem_; }

 private:
  void poll();
  void step(PollStep next);
  void conclude(PollEnd end);
  /// Says how it is in the log and to Redis, when that is new.
  void report(std::string problem);
  void commit(std::vector<wire::Change> changes, const std::string& state);
  void plan();

  service::House& house_;
  std::string name_;
  std::string label_;  ///< source of the changes, "git-poller:mill"
  PollSource source_;
  std::function<void(wire::Change&)> prepare_;
  service::Role role_;
  std::string state_;  ///< as it is in the store
  std::string problem_;
  std::vector<std::string> warnings_;  ///< of the last poll
  bool reported_ = false;              ///< the problem, or that there is none, to Redis
  MonoTime reported_at_{};
  std::unique_ptr<PollRunner> runner_;
  Generation planned_;     ///< the next poll; a lost role forgets it
  Generation generation_;  ///< a new configuration replaces the poller while answers are on their way
};

}  // namespace headrace::changesource
