// SPDX-License-Identifier: Apache-2.0
// What a kind of step is. Each kind has a file of its own in this folder, and a folder of its name for what
// only it needs; the table of the kinds is in CMakeLists.txt.
//
// StepRun does what every step needs: questions, rendering, do_step_if, logs, time-outs, cancelling,
// hide_step_if. A kind says which command comes next, given how the last one ended, and what the result is.
// A kind is pure: no file system, no processes. Its commands run through the launcher, argument by argument,
// so a path needs no quoting.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "json/value.hpp"
#include "model/property.hpp"
#include "result/result.hpp"
#include "wire/plan.hpp"
#include "worker/core/command_run.hpp"
#include "worker/core/environment.hpp"

namespace headrace::worker {

/// The parts of a plan that hold renderables, as plain values.
struct RenderedStep {
  json::Value workdir, env, command, description, description_done, initial_stdin, options;
};

/// What a step at work may look at. Everything outlives its work.
struct StepContext {
  const wire::StepPlan& plan;
  const RenderedStep& rendered;
  const std::string& name;  ///< of the step, unique in its build
  const std::vector<wire::SourceStamp>& sourcestamps;
  const Properties& properties;  ///< of the build, as they are at the moment
  std::string build_directory;   ///< absolute
  std::string workdir;           ///< absolute, without a slash at its end
};

/// A command to run. Its limits (time-outs, lines) are the plan's.
struct StepCommand {
  std::vector<std::string> argv;            ///< not empty; without NUL bytes, else the step is EXCEPTION
  std::string directory;                    ///< absolute, made when it does not exist; "": the workdir
  bool quiet = false;                       ///< not shown in the log
  bool collect = false;                     ///< `next` wants its stdout (at most 64 KiB)
  std::string display;                      ///< as people would type it; "": argv, quoted for a shell
  void (*prepare)(Environment&) = nullptr;  ///< the last word about the command's environment
  bool hide_passwords = false;              ///< of addresses, in the log
  std::optional<std::string> input;         ///< for stdin; none: empty
};

/// The end of a step.
struct StepDone {
  Results results = Results::success;
  Properties properties;                                   ///< to be set in the build
  std::string remark;                                      ///< a sentence for the log stdio; "": none
  std::vector<std::pair<std::string, std::string>> texts;  ///< further logs: name, whole text
};

using StepNext = std::variant<StepCommand, StepDone>;

/// One step at work.
class StepWork {
 public:
  virtual ~StepWork() = default;
  virtual StepNext start() = 0;
  /// @param end  of the last command, which ended by itself. (One that was killed or could not start ends the
  ///             step; `next` is not asked.)
  virtual StepNext next(const CommandEnd& end) = 0;
  /// Output of the running command.
  virtual void on_output(char /*channel*/, std::string_view /*bytes*/) {}
  /// The last word about the end, however it came.
  virtual void conclude(StepDone& /*done*/) {}
};

struct StepKind {
  std::string_view name;                             ///< as plans have it in `kind`
  bool runs_commands = true;                         ///< the step has the log `stdio` from its start
  bool own_commands = false;                         ///< they are Headrace's, and not what a build says
  std::string_view running = "running";              ///< its text while it runs, without a description
  std::string_view finished = "finished";            ///< its text after that, without a description
  std::string (*summary)(const RenderedStep&) = {};  ///< says more than `finished`; "": nothing to say
  /// Errors: an option of the step is wrong; the step is EXCEPTION with this text.
  Result<std::unique_ptr<StepWork>> (*begin)(const StepContext& context) = nullptr;
};

/// Every kind that this worker knows, in the order of the table.
std::span<const StepKind* const> step_kinds();
/// @return nullptr when no kind has this name
const StepKind* find_step_kind(std::string_view name);

}  // namespace headrace::worker
