// SPDX-License-Identifier: Apache-2.0
// The interface of a kind of scheduler. Each kind has a file of its own in this folder. The table of the
// kinds is in CMakeLists.txt, and docs/contributing/scheduler.md shows how to add one.
//
// A kind makes a running scheduler of each declaration. The core gives every running scheduler the same
// inputs: first the stored timers, then changes and instants. The scheduler answers with decisions. It is
// pure: the time comes with the input. Only timers survive a restart. A timer is stored in the same step as
// the decision that sets it.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "buildset/buildset.hpp"
#include "config/configuration.hpp"
#include "store/state/scheduler.hpp"
#include "store/transitions/scheduler.hpp"
#include "wire/records.hpp"

namespace headrace::scheduler {

/// What schedulers decide about one input. The core adds the term, the version and the cursor.
struct Decisions {
  std::vector<store::SchedulerApply::Operation>
      about_event;                          ///< stored in the same step that moves the cursor past the event
  std::vector<store::SchedulerDue> due;     ///< timers that have run out
  std::vector<store::WaitingSplit> splits;  ///< stored lists that become several
  std::vector<std::string> complaints;      ///< sentences about functions of the configuration that failed
};

/// One scheduler of the configuration at work. This base class never starts a build.
class RunningScheduler {
 public:
  /// Both arguments outlive the scheduler.
  RunningScheduler(config::Configuration& configuration, const config::Scheduler& declared)
      : configuration_(configuration), declared_(declared) {}
  RunningScheduler(const RunningScheduler&) = delete;
  RunningScheduler& operator=(const RunningScheduler&) = delete;
  virtual ~RunningScheduler() = default;

  const std::string& name() const { return declared_.name; }

  /// Takes a timer that was stored under this scheduler's name. The core calls this before any other input.
  /// Every kind has timer keys of its own, because a scheduler may have been of another kind before.
  /// @return false when the timer is of another kind; it is dropped then, with the changes that wait for it
  virtual bool take_timer(const std::string& /*key*/, store::Timer /*timer*/, Decisions& /*out*/) {
    return false;
  }

  /// @param at_ms  when the change came, on Redis's clock
  virtual void on_change(const wire::Change& /*change*/, std::int64_t /*at_ms*/, Decisions& /*out*/) {}

  /// Called when next_due() has come, and at other times. Every event before `now_ms` was given to the core.
  /// @param now_ms  on Redis's clock
  virtual void on_time(std::int64_t /*now_ms*/, Decisions& /*out*/) {}

  /// When on_time has something to do next, on Redis's clock.
  virtual std::optional<std::int64_t> next_due() const { return {}; }

 protected:
  config::Configuration& configuration() const { return configuration_; }
  store::TimerName timer(std::string key) const { return {name(), std::move(key)}; }
  /// Makes a buildset of this scheduler. Complaints are added to `out`.
  wire::Buildset make_buildset(buildset::Wanted wanted, Decisions& out) const {
    auto made = buildset::make_buildset(configuration_, declared_, std::move(wanted));
    for (auto& complaint : made.complaints) out.complaints.push_back(std::move(complaint));
    return std::move(made.set);
  }

 private:
  config::Configuration& configuration_;
  const config::Scheduler& declared_;
};

struct Kind {
  std::string_view name;  ///< as in scheduler.<name>
  /// Makes the running scheduler of a declaration.
  std::unique_ptr<RunningScheduler> (*start)(config::Configuration& configuration,
                                             const config::Scheduler& declared);
};

/// The function for Kind::start, for a class whose constructor takes these two arguments.
template <class Running>
std::unique_ptr<RunningScheduler> start(config::Configuration& configuration,
                                        const config::Scheduler& declared) {
  return std::make_unique<Running>(configuration, declared);
}

/// All kinds; the list is generated from the table in CMakeLists.txt.
std::span<const Kind* const> kinds();
const Kind* find_kind(std::string_view name);  ///< null: there is no such kind

}  // namespace headrace::scheduler
