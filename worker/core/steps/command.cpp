// SPDX-License-Identifier: Apache-2.0
// "command": runs the plan's `command`. Every step that differs from it only in its defaults (shell, compile,
// test) is planned as one of these.
#include "render/python_text.hpp"
#include "worker/core/step_words.hpp"
#include "worker/core/steps/command/warning_counter.hpp"
#include "worker/core/steps/step_kind.hpp"

namespace headrace::worker {
namespace {

class RunCommand final : public StepWork {
 public:
  RunCommand(const StepContext& context, StepCommand command, std::optional<WarningCounter> warnings)
      : context_(context), command_(std::move(command)), warnings_(std::move(warnings)) {}

  StepNext start() override { return std::move(command_); }

  StepNext next(const CommandEnd& end) override {
    StepDone done;
    const auto& codes = context_.plan.decode_rc;
    if (codes.empty()) {
      done.results = end.rc == 0 ? Results::success : Results::failure;
    } else {
      const auto it = codes.find(end.rc);
      done.results = it != codes.end() ? it->second : Results::failure;
    }
    return done;
  }

  void on_output(char channel, std::string_view bytes) override {
    if (warnings_) warnings_->on_output(channel, bytes);
  }

  // Warnings count however the command ended.
  void conclude(StepDone& done) override {
    if (!warnings_) return;
    warnings_->finish();
    const auto count = warnings_->count();
    if (count > 0) done.texts.emplace_back("warnings (" + std::to_string(count) + ")", warnings_->lines());
    const auto it = context_.properties.find("warnings-count");
    const std::int64_t before = it == context_.properties.end() ? 0 : it->second.value.int_or(0);
    done.properties["warnings-count"] = {before + count, "WarningCountingShellCommand"};
    const auto most = context_.plan.max_warn_count;
    if (most >= 0 && count > most) {
      done.results = worst(done.results, Results::failure);
    } else if (count > 0) {
      done.results = worst(done.results, Results::warnings);
    }
  }

 private:
  const StepContext& context_;
  StepCommand command_;
  std::optional<WarningCounter> warnings_;
};

Result<std::unique_ptr<StepWork>> begin(const StepContext& context) {
  const auto& rendered = context.rendered;
  StepCommand command;
  if (rendered.command.is_string() && !rendered.command.as_string().empty()) {
    command.display = rendered.command.as_string();
    command.argv = {"/bin/sh", "-c", rendered.command.as_string()};
  } else {
    command.argv = command_words(rendered.command);
  }
  if (command.argv.empty() || command.argv[0].empty())
    return fail("the command is empty: " + json::write(rendered.command));
  if (!rendered.initial_stdin.is_null()) command.input = render::python_str(rendered.initial_stdin);
  std::optional<WarningCounter> warnings;
  if (context.plan.warning_pattern) {
    auto counter = WarningCounter::make(*context.plan.warning_pattern);
    if (!counter) return tl::unexpected(counter.error());
    warnings = std::move(*counter);
  }
  return std::make_unique<RunCommand>(context, std::move(command), std::move(warnings));
}

std::string summary(const RenderedStep& rendered) {
  return short_command(command_words(rendered.command)).value_or("");
}

}  // namespace

extern const StepKind command_step_kind;
const StepKind command_step_kind{.name = "command", .summary = summary, .begin = begin};

}  // namespace headrace::worker
