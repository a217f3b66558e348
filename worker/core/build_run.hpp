// SPDX-License-Identifier: Apache-2.0
// One build, run from its plan without asking anybody: its steps in order, its result, its text.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "worker/core/build_scope.hpp"
#include "worker/core/step_run.hpp"

namespace headrace::worker {

/// Things that happen within this time travel in one report.
inline constexpr milliseconds kBatch{10};

class BuildRun {
 public:
  /// Nothing runs before `begin`.
  BuildRun(const Machine& machine, Actions& actions, std::int64_t& last_exec, wire::BuildPlan plan);

  const std::string& directory() const { return build_.plan.directory; }
  BuildId id() const { return build_.id; }
  bool begun() const { return begun_; }
  /// All steps are over and the finish is in the outbox.
  bool ended() const { return ended_; }

  void begin(BuildId id, std::int64_t number, Now now);
  void on_answer(const wire::Answer& answer, Now now);
  /// Of the command that runs; TimerDue also of the build itself.
  void on_command(const CommandInput& input, Now now);
  /// Ends the step that runs; from now on only steps with always_run run. Repeats are ignored.
  void cancel(const std::string& reason, Now now);

  /// The command that runs now.
  std::optional<ExecId> exec() const { return step_ ? step_->exec() : std::nullopt; }

  ProgressOutbox& outbox() { return build_.outbox; }
  const ProgressOutbox& outbox() const { return build_.outbox; }
  std::vector<OpenQuestion>& questions() { return build_.questions; }
  const std::vector<OpenQuestion>& questions() const { return build_.questions; }

  /// When what is pending should go; nothing when there is nothing.
  std::optional<MonoTime> flush_due() const;
  /// Makes reports of everything that is pending.
  void flush(Now now);
  /// Memory held for the server, the open chunk included.
  std::size_t bytes() const;

  /// Of the steps: time-outs, unfinished lines.
  std::optional<MonoTime> next_wake() const;

 private:
  void advance(Now now);
  const wire::StepPlan* next_step();
  void finish(Now now);
  void note_pending(Now now);

  BuildScope build_;
  std::unique_ptr<StepRun> step_;
  std::size_t next_ = 0;  // in plan.steps
  int steps_started_ = 0;
  bool begun_ = false;
  bool ended_ = false;
  bool terminate_ = false;  // only steps with always_run from now on
  std::optional<std::string> cancelled_;
  std::vector<std::string> texts_;
  std::optional<MonoTime> items_since_;
  MonoTime last_flush_{};
};

}  // namespace headrace::worker
