// SPDX-License-Identifier: Apache-2.0
// One step from its plan to its result: questions, rendering, do_step_if, the work, hide_step_if.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "render/render.hpp"
#include "worker/core/build_scope.hpp"
#include "worker/core/command_run.hpp"
#include "worker/core/step_logs.hpp"
#include "worker/core/warning_counter.hpp"
#include "worker/git_checkout.hpp"

namespace headrace::worker {

class StepRun {
 public:
  /// @param number  of the step in its build, from 0
  StepRun(BuildScope& build, const wire::StepPlan& plan, int number);

  void start(Now now);
  void on_answer(const wire::Answer& answer, Now now);
  void on_output(char channel, std::string_view bytes, Now now);
  void on_exit(const Exit& exit, Now now);
  void on_spawn_failed(const SpawnFailure& failure, Now now);
  /// Ends it as CANCELLED: kills what runs, leaves the reason in the log `cancelled`.
  void interrupt(const std::string& reason, Now now);
  void on_timer(Now now);
  std::optional<MonoTime> next_wake() const;
  void on_paused(bool paused, Now now);

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

  struct Rendered {
    json::Value workdir, env, command, description, description_done, initial_stdin, options;
  };

  void begin(Now now);
  void record_started(Now now);
  void run_kind(Now now);
  void run_command(Now now);
  void run_git(Now now);
  void run_git_command(const GitCheckout::Command& command, Now now);
  void run_set_property(Now now);
  void git_finished(Now now);
  void command_ended(CommandEnd end, Now now);
  Results verdict(const CommandEnd& end, Now now);
  void fail_with(const std::string& text, Now now);
  void finish(Results results, Now now);
  void complete(Now now);
  void open_stdio();
  std::string running_text() const;
  std::string done_text() const;
  render::Context context() const;
  Result<CommandSpec> spec() const;

  BuildScope& build_;
  const wire::StepPlan& plan_;
  Phase phase_ = Phase::asking;
  wire::StepRecord record_;
  StepLogs logs_;
  int stdio_ = -1;
  Rendered rendered_;
  std::map<std::int64_t, std::int64_t> asked_;  // id of the question → function
  std::map<std::int64_t, json::Value> answers_;
  std::map<std::int64_t, std::string> failed_answers_;
  std::optional<std::int64_t> hide_question_;
  std::optional<CommandRun> command_;
  std::optional<GitCheckout> git_;
  std::optional<WarningCounter> warnings_;
  bool environment_shown_ = false;
  bool interrupted_ = false;
  bool timed_out_ = false;
  bool max_lines_reached_ = false;
  Results results_ = Results::success;
};

}  // namespace headrace::worker
