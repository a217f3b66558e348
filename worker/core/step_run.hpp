// SPDX-License-Identifier: Apache-2.0
// One step from its plan to its result: questions, rendering, do_step_if, the work, hide_step_if. What the
// work is, its kind knows (steps/step_kind.hpp).
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "render/render.hpp"
#include "worker/core/build_scope.hpp"
#include "worker/core/command_run.hpp"
#include "worker/core/step_logs.hpp"
#include "worker/core/steps/step_kind.hpp"

namespace headrace::worker {

class StepRun {
 public:
  /// @param number  of the step in its build, from 0
  StepRun(BuildScope& build, const wire::StepPlan& plan, int number);
  StepRun(const StepRun&) = delete;  // the work refers to its members
  StepRun& operator=(const StepRun&) = delete;

  void start(Now now);
  void on_answer(const wire::Answer& answer, Now now);
  /// Of the command that runs.
  void on_command(const CommandInput& input, Now now);
  /// Ends it as CANCELLED: kills what runs, leaves the reason in the log `cancelled`.
  void interrupt(const std::string& reason, Now now);
  /// When CommandInput's TimerDue is wanted.
  std::optional<MonoTime> next_wake() const;

  bool done() const { return phase_ == Phase::done; }
  /// Of a step that is done.
  Results results() const { return results_; }
  const std::string& state_string() const { return record_.state_string; }
  /// Whether its text goes into the build's (Buildbot's updateBuildSummaryPolicy).
  bool speaks_for_build() const;

  std::optional<ExecId> exec() const;
  StepLogs& logs() { return logs_; }

 private:
  enum class Phase { asking, running, hiding, done };

  /// Everything that had to be asked is answered.
  void begin(Now now);
  Result<void> render(const json::Value& renderable, json::Value& out) const;
  /// Renders what the kind may want. The first error counts.
  Result<void> render_all();
  void record_started(Now now);
  void work(Now now);
  /// Where and how commands of this step run, before a kind says which.
  Result<CommandSpec> command_base() const;
  void take(StepNext next, Now now);
  void run(StepCommand command, Now now);
  void command_ended(const CommandEnd& end, Now now);
  void conclude(StepDone done, Now now);
  void fail_with(const std::string& text, Now now);
  void finish(Results results, Now now);
  void complete(Now now);
  std::string running_text() const;
  std::string finished_text() const;

  BuildScope& build_;
  const wire::StepPlan& plan_;
  const StepKind* const kind_;  // nullptr: this worker does not know the kind
  Phase phase_ = Phase::asking;
  wire::StepRecord record_;
  StepLogs logs_;
  int stdio_ = -1;
  RenderedStep rendered_;
  std::map<std::int64_t, std::int64_t> asked_;  // id of the question → function
  std::map<std::int64_t, json::Value> answers_;
  std::map<std::int64_t, std::string> failed_answers_;
  std::optional<std::int64_t> hide_question_;
  std::optional<CommandSpec> command_base_;
  std::optional<StepContext> context_;
  std::unique_ptr<StepWork> work_;
  std::optional<CommandRun> command_;
  bool environment_shown_ = false;
  bool interrupted_ = false;
  bool timed_out_ = false;
  bool max_lines_reached_ = false;
  Results results_ = Results::success;
};

}  // namespace headrace::worker
