// SPDX-License-Identifier: Apache-2.0
// Gives events and instants to the schedulers of the configuration, and makes transitions of their decisions.
// The core is pure: inputs come in, actions go out, and SchedulerService performs the actions in order.
//
// The kinds of schedulers decide what is built when. Each kind has a file in kinds/.
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

/// A part of the configuration failed: the text is a warning that the process prints.
struct Complain {
  std::string text;
};

using Action = std::variant<store::SchedulerApply, store::SchedulerDue, store::WaitingDrop,
                            store::WaitingSplit, Complain>;
using Actions = std::vector<Action>;

class Core {
 public:
  /// @param configuration  outlives the core
  /// @param term           of the scheduler's role; every transition carries it
  /// @param state          the stored state; timers that no scheduler takes are dropped, and lists are split
  ///                       where a scheduler has them otherwise by now
  Core(config::Configuration& configuration, ConfigVersion version, std::int64_t term,
       store::SchedulerState state);

  // The inputs. Call take_actions() and next_due() after each of them.
  void on_event(const wire::Event& event);
  /// Call this only when the core was given every event before `now_ms` (on Redis's clock). Otherwise a
  /// change that should restart a timer may still be on its way.
  void on_time(std::int64_t now_ms);
  /// Moves the cursor past events that led to no decision. They are many, so the cursor does not move for
  /// each one.
  void on_idle();

  Actions take_actions() { return std::exchange(actions_, {}); }
  /// When on_time() has something to do next, on Redis's clock.
  std::optional<std::int64_t> next_due() const;

  /// The last event that the core was given.
  const wire::Cursor& seen() const { return seen_; }

 private:
  bool take_timer(const store::TimerName& name, store::Timer timer, Decisions& decisions);
  void on_change(const wire::ChangeNew& news, std::int64_t at_ms);
  void move_cursor(std::vector<store::SchedulerApply::Operation> operations);
  void complain(std::vector<std::string> complaints);

  ConfigVersion version_;
  std::int64_t term_;
  wire::Cursor committed_;  ///< the cursor after all actions so far
  wire::Cursor seen_;
  std::vector<std::unique_ptr<RunningScheduler>> schedulers_;  ///< in the order of their declaration
  Actions actions_;
};

}  // namespace headrace::scheduler
