// SPDX-License-Identifier: Apache-2.0
// Gives events and instants to the schedulers of the configuration, and makes transitions of what they
// decide. Pure: inputs come in, actions go out; whoever runs the core performs them in order.
//
// What is built when is decided by the kinds of schedulers, one file each: kinds/.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "config/configuration.hpp"
#include "scheduler/kinds/kind.hpp"
#include "store/state/scheduler.hpp"
#include "store/transitions/scheduler.hpp"
#include "wire/events.hpp"

namespace headrace::scheduler {

/// Something of the configuration failed: a warning for the process's log.
struct Complain {
  std::string text;
};

using Action = std::variant<store::SchedulerApply, store::SchedulerDue, store::WaitingDrop, Complain>;
using Actions = std::vector<Action>;

class Core {
 public:
  /// @param configuration  outlives the core
  /// @param term           of the scheduler's role, said with every transition
  /// @param state          as it was stored; timers that no scheduler takes are dropped
  Core(config::Configuration& configuration, ConfigVersion version, std::int64_t term,
       store::SchedulerState state);

  // ---- inputs; after each take_actions() and next_due() ----
  void on_event(const wire::Event& event);
  /// Call only when every event before `now_ms` (Redis's clock) was given in, so that no change that should
  /// restart a timer is still on its way.
  void on_time(std::int64_t now_ms);
  /// Moves the cursor over events that decided nothing; they are many, so not one by one.
  void on_idle();

  Actions take_actions() { return std::exchange(actions_, {}); }
  /// When on_time has something to do next, on Redis's clock.
  std::optional<std::int64_t> next_due() const;

  /// The last event that was given in.
  const wire::Cursor& seen() const { return seen_; }

 private:
  bool take_timer(const store::TimerName& name, store::Timer timer);
  void on_change(const wire::ChangeNew& news, std::int64_t at_ms);
  void move_cursor(std::vector<store::SchedulerApply::Operation> operations);
  void complain(std::vector<std::string> complaints);

  ConfigVersion version_;
  std::int64_t term_;
  wire::Cursor committed_;  ///< as the actions given out leave it
  wire::Cursor seen_;
  std::vector<std::unique_ptr<RunningScheduler>> schedulers_;  ///< as declared
  Actions actions_;
};

}  // namespace headrace::scheduler
