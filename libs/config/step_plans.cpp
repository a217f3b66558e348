// SPDX-License-Identifier: Apache-2.0
#include "config/step_plans.hpp"

#include "config/checked_fields.hpp"

namespace headrace::config {
namespace {

void set_defaults(const std::string& kind, wire::StepPlan& plan, json::Object& options) {
  plan.kind = "command";
  if (kind == "git") {
    plan.kind = "git";
    plan.flags.halt_on_failure = true;
    options = {{"mode", "incremental"}, {"shallow", false}, {"submodules", false}, {"codebase", ""}};
    plan.description = "updating";
    plan.description_done = "update";
  } else if (kind == "compile") {
    plan.flags.halt_on_failure = true;
    plan.command = json::Array{"make", "all"};
    plan.description = "compiling";
    plan.description_done = "compile";
    plan.warning_pattern = "(?i).*warning[: ].*";
  } else if (kind == "test") {
    plan.flags.warn_on_failure = true;
    plan.command = json::Array{"make", "test"};
    plan.description = "testing";
    plan.description_done = "test";
  } else if (kind == "set_property") {
    plan.kind = "set_property";
  }
}

}  // namespace

wire::StepPlan step_plan(const Declaration& step, const json::Object& given) {
  const Fields fields(given);
  const std::string kind = step.word.substr(step.word.find('.') + 1);
  wire::StepPlan plan;
  json::Object options;
  plan.name = step.name.value_or(kind);
  fields.copy("name", plan.name);
  set_defaults(kind, plan, options);
  fields.copy("halt_on_failure", plan.flags.halt_on_failure);
  fields.copy("flunk_on_failure", plan.flags.flunk_on_failure);
  fields.copy("warn_on_failure", plan.flags.warn_on_failure);
  fields.copy("flunk_on_warnings", plan.flags.flunk_on_warnings);
  fields.copy("warn_on_warnings", plan.flags.warn_on_warnings);
  fields.copy("always_run", plan.flags.always_run);
  fields.copy("do_step_if", plan.do_step_if);
  fields.copy("hide_step_if", plan.hide_step_if);
  fields.copy("workdir", plan.workdir);
  fields.copy("env", plan.env);
  fields.copy("command", plan.command);
  // A description alone serves for both, as Buildbot's summary does.
  if (fields.find("description") != nullptr) plan.description_done = *fields.find("description");
  fields.copy("description", plan.description);
  fields.copy("description_done", plan.description_done);
  fields.copy("timeout", plan.timeout_ms);
  fields.copy("max_time", plan.max_time_ms);
  fields.copy("max_lines", plan.max_lines);
  fields.copy("sigterm_time", plan.sigterm_ms);
  fields.copy("log_environ", plan.log_environ);
  fields.copy("initial_stdin", plan.initial_stdin);
  if (const auto* codes = fields.find("decode_rc"))
    for (const auto& [code, result] : codes->as_object())
      // Windows writes its codes as unsigned; a worker counts with signed ones.
      plan.decode_rc[static_cast<int>(std::stoll(code))] = static_cast<Results>(result.as_int());
  if (const auto* pattern = fields.find("warning_pattern")) plan.warning_pattern = pattern->as_string();
  fields.copy("max_warn_count", plan.max_warn_count);
  for (const char* option :
       {"url", "branch", "mode", "method", "shallow", "submodules", "codebase", "property", "value"})
    if (const auto* value = fields.find(option)) options[option] = *value;
  if (kind == "git" && options["mode"].string_or("") == "full") options.try_emplace("method", "fresh");
  plan.options = std::move(options);
  return plan;
}

}  // namespace headrace::config
