// SPDX-License-Identifier: Apache-2.0
// One run: two schedulers (one active), two dispatchers, three workers, a sender of changes, and a time
// of chaos after which everything must come to its end.
#pragma once

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "simulation/dispatcher_process.hpp"
#include "simulation/intake_process.hpp"
#include "simulation/invariants.hpp"
#include "simulation/notifier_process.hpp"
#include "simulation/scheduler_process.hpp"
#include "simulation/worker_process.hpp"

namespace headrace::simulation {

struct Outcome {
  std::vector<Violation> violations;
  RunSummary story;
  int crashes = 0, lost_connections = 0;
  MonoTime::duration took{0};  ///< virtual
  std::string summary() const;
};

class World {
 public:
  /// @param redis  of a server that holds nothing but the functions, with the simulated clock
  World(std::uint64_t seed, store::testing::VirtualRedis& redis, Mutation mutation = Mutation::none);

  /// Says everything that happens on stderr.
  void be_loud();
  Outcome run();

 private:
  void choose_rates();
  void apply_configuration(const std::string& word);
  void change_configuration();
  void publish(const std::vector<wire::Event>& events);
  void check_lived(const wire::Event& event);
  void send_changes();
  void post_change(int n, bool again);
  void cancel_something();
  void cancel_in_peace();
  void misfortune();
  void redis_goes_away();
  void redis_goes_back();
  void watch();
  bool drained();
  bool wait_until_drained(milliseconds limit);

  Environment env_;
  Network network_;
  Expected expected_;
  std::map<std::string, int> capacity_;
  std::vector<Violation> seen_;  ///< on the way
  std::vector<std::unique_ptr<SchedulerProcess>> schedulers_;
  std::vector<std::unique_ptr<DispatcherProcess>> dispatchers_;
  std::vector<std::unique_ptr<IntakeProcess>> intakes_;
  std::vector<std::unique_ptr<NotifierProcess>> notifiers_;
  bool cancelled_in_peace_ = false;  ///< and it was obeyed, or is in seen_
  int unanswered_ = 0;               ///< pushes that were not answered 2xx yet
  std::vector<Process*> services_;   ///< all of the above
  std::vector<std::unique_ptr<WorkerProcess>> workers_;
  std::optional<store::testing::Copy> copied_;  ///< of Redis
  std::set<std::string> stored_then_;           ///< revisions that were answered before the copy
  int worst_gap_ms_ = 3000;                     ///< between misfortunes
};

}  // namespace headrace::simulation
