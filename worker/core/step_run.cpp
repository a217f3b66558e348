// SPDX-License-Identifier: Apache-2.0
#include "worker/core/step_run.hpp"

#include <algorithm>

#include "render/python_text.hpp"
#include "worker/core/environment.hpp"
#include "worker/core/shell_quoting.hpp"
#include "worker/core/step_words.hpp"

namespace headrace::worker {

StepRun::StepRun(BuildScope& build, const wire::StepPlan& plan, int number)
    : build_(build), plan_(plan), logs_(number, build.outbox) {
  record_.number = number;
}

render::Context StepRun::context() const {
  return {&build_.properties, &build_.plan.sourcestamps, &build_.machine.facts, &answers_};
}

std::optional<ExecId> StepRun::exec() const {
  if (!command_) return std::nullopt;
  return command_->exec();
}

bool StepRun::speaks_for_build() const {
  const auto& f = plan_.flags;
  switch (results_) {
    case Results::exception:
    case Results::retry:
    case Results::cancelled:
      return true;
    case Results::failure:
      return f.flunk_on_failure || f.halt_on_failure || f.warn_on_failure;
    case Results::warnings:
      return f.warn_on_warnings || f.flunk_on_warnings;
    default:
      return false;
  }
}

void StepRun::start(Now now) {
  std::vector<std::int64_t> functions;
  for (const auto* v : {&plan_.name, &plan_.do_step_if, &plan_.workdir, &plan_.env, &plan_.command,
                        &plan_.description, &plan_.description_done, &plan_.initial_stdin, &plan_.options})
    for (const auto f : render::questions(*v)) functions.push_back(f);
  std::sort(functions.begin(), functions.end());
  functions.erase(std::unique(functions.begin(), functions.end()), functions.end());
  for (const auto f : functions) asked_[build_.ask(f, record_.number, std::nullopt)] = f;
  if (asked_.empty()) begin(now);
}

void StepRun::on_answer(const wire::Answer& answer, Now now) {
  if (phase_ == Phase::hiding && hide_question_ == answer.id) {
    hide_question_.reset();
    if (answer.error) {
      logs_.add_complete("err.text", *answer.error + "\n", now);
      results_ = Results::exception;
    } else {
      record_.hidden = answer.value.truthy();
    }
    complete(now);
    return;
  }
  const auto it = asked_.find(answer.id);
  if (phase_ != Phase::asking || it == asked_.end()) return;
  if (answer.error) {
    failed_answers_[it->second] = *answer.error;
  } else {
    answers_[it->second] = answer.value;
  }
  asked_.erase(it);
  if (asked_.empty()) begin(now);
}

// Everything that had to be asked is answered.
void StepRun::begin(Now now) {
  phase_ = Phase::running;
  const auto rendered = [&](const json::Value& v, json::Value& out) -> Result<void> {
    for (const auto f : render::questions(v)) {
      const auto failed = failed_answers_.find(f);
      if (failed != failed_answers_.end()) return fail(failed->second);
    }
    auto r = render::render(v, context());
    if (!r) return tl::unexpected(r.error());
    out = std::move(*r);
    return {};
  };

  json::Value name;
  const auto named = rendered(plan_.name, name);
  std::string text = named ? joined(name) : "";
  if (text.empty()) text = plan_.kind;
  record_.name = build_.unique_name(std::move(text));

  // Whether it runs is decided first: a step that is skipped may refer to what is not there.
  json::Value wanted;
  auto good = named ? rendered(plan_.do_step_if, wanted) : named;
  const bool skipped = good && !wanted.truthy();
  Rendered& r = rendered_;
  for (const auto& [from, to] : {std::pair{&plan_.workdir, &r.workdir},
                                 {&plan_.env, &r.env},
                                 {&plan_.command, &r.command},
                                 {&plan_.description, &r.description},
                                 {&plan_.description_done, &r.description_done},
                                 {&plan_.initial_stdin, &r.initial_stdin},
                                 {&plan_.options, &r.options}}) {
    const auto one = rendered(*from, *to);
    if (!one && !skipped && good) good = one;
  }
  if (good && !skipped && (plan_.kind == "command" || plan_.kind == "git")) open_stdio();
  record_started(now);
  if (!good) {
    fail_with(good.error().text, now);
  } else if (skipped) {
    finish(Results::skipped, now);
  } else {
    run_kind(now);
  }
}

void StepRun::record_started(Now now) {
  record_.started_ms = to_ms(now.wall);
  record_.state_string = running_text();
  wire::ProgressItem item;
  item.step = record_;
  build_.outbox.add(std::move(item));
}

// Steps that run commands have their log from the start.
void StepRun::open_stdio() {
  stdio_ = logs_.add("stdio");
  record_.logs = logs_.records();
}

void StepRun::run_kind(Now now) {
  if (plan_.kind == "command") {
    run_command(now);
  } else if (plan_.kind == "git") {
    run_git(now);
  } else if (plan_.kind == "set_property") {
    run_set_property(now);
  } else {
    fail_with("this worker (version " HEADRACE_VERSION ") does not know steps of kind '" + plan_.kind + "'",
              now);
  }
}

Result<CommandSpec> StepRun::spec() const {
  CommandSpec s;
  if (!rendered_.workdir.is_string())
    return fail("workdir must be a text, not " + json::write(rendered_.workdir));
  const std::string& workdir = rendered_.workdir.as_string();
  s.directory = workdir.starts_with("/") ? workdir : build_.build_directory() + "/" + workdir;
  while (s.directory.size() > 1 && s.directory.ends_with("/")) s.directory.pop_back();
  auto env = merge_environment(build_.machine.environment, rendered_.env);
  if (!env) return tl::unexpected(env.error());
  s.env = std::move(*env);
  s.env["PWD"] = s.directory;
  s.log_environ = plan_.log_environ;
  s.timeout = milliseconds(plan_.timeout_ms);
  s.max_time = milliseconds(plan_.max_time_ms);
  s.max_lines = plan_.max_lines;
  s.sigterm = milliseconds(plan_.sigterm_ms);
  if (!rendered_.initial_stdin.is_null()) s.input = render::python_str(rendered_.initial_stdin);
  return s;
}

void StepRun::run_command(Now now) {
  auto s = spec();
  if (!s) return fail_with(s.error().text, now);
  if (rendered_.command.is_string() && !rendered_.command.as_string().empty()) {
    s->display = rendered_.command.as_string();
    s->argv = {"/bin/sh", "-c", rendered_.command.as_string()};
  } else {
    s->argv = command_words(rendered_.command);
    s->display = shell_quoted(s->argv);
  }
  if (s->argv.empty() || s->argv[0].empty())
    return fail_with("the command is empty: " + json::write(rendered_.command), now);
  for (const auto& word : s->argv)
    if (word.find('\0') != std::string::npos) return fail_with("the command has a NUL byte", now);
  if (plan_.warning_pattern) {
    auto counter = WarningCounter::make(*plan_.warning_pattern);
    if (!counter) return fail_with(counter.error().text, now);
    warnings_ = std::move(*counter);
  }
  command_.emplace(std::move(*s), build_.new_exec(), logs_, stdio_);
  command_->start(build_.actions, now);
}

void StepRun::run_git(Now now) {
  auto options = git_options(rendered_.options, build_.plan.sourcestamps);
  if (!options) return fail_with(options.error().text, now);
  git_.emplace(std::move(*options), build_.build_directory(), rendered_.workdir.string_or("build"));
  run_git_command(git_->start(), now);
}

void StepRun::run_git_command(const GitCheckout::Command& command, Now now) {
  auto s = spec();
  if (!s) return fail_with(s.error().text, now);
  s->argv = command.argv;
  s->display = shell_quoted(command.argv);
  s->directory = command.directory;
  s->env["PWD"] = command.directory;
  // Nobody is there to answer a question for a password.
  s->env.try_emplace("GIT_TERMINAL_PROMPT", "0");
  s->env.try_emplace("GIT_SSH_COMMAND", "ssh -oBatchMode=yes");
  s->input.reset();
  s->quiet = command.quiet;
  s->collect = command.collect;
  s->log_environ = s->log_environ && !environment_shown_;
  if (!s->quiet) environment_shown_ = true;
  command_.emplace(std::move(*s), build_.new_exec(), logs_, stdio_);
  command_->start(build_.actions, now);
}

void StepRun::git_finished(Now now) {
  if (!git_->reason().empty()) logs_.write(stdio_, 'h', git_->reason() + "\n", now);
  if (!git_->succeeded()) return finish(Results::failure, now);
  const std::string& codebase = git_->options().codebase;
  json::Value value = git_->got_revision();
  if (!codebase.empty()) {
    const auto it = build_.properties.find("got_revision");
    json::Object all;
    if (it != build_.properties.end() && it->second.value.is_object()) all = it->second.value.as_object();
    all[codebase] = value;
    value = std::move(all);
  }
  build_.set({{"got_revision", {std::move(value), "Git"}}});
  finish(Results::success, now);
}

void StepRun::run_set_property(Now now) {
  const auto& name = rendered_.options["property"];
  if (!name.is_string() || name.as_string().empty())
    return fail_with("set_property needs a name, not " + json::write(name), now);
  build_.set({{name.as_string(), {rendered_.options["value"], record_.name}}});
  finish(Results::success, now);
}

void StepRun::on_output(char channel, std::string_view bytes, Now now) {
  if (!command_ || phase_ != Phase::running) return;
  if (warnings_) warnings_->on_output(channel, bytes);
  command_->on_output(channel, bytes, build_.actions, now);
}

void StepRun::on_exit(const Exit& exit, Now now) {
  if (command_ && phase_ == Phase::running) command_ended(command_->on_exit(exit, now), now);
}

void StepRun::on_spawn_failed(const SpawnFailure& failure, Now now) {
  if (command_ && phase_ == Phase::running) command_ended(command_->on_spawn_failed(failure, now), now);
}

void StepRun::command_ended(CommandEnd end, Now now) {
  command_.reset();
  const bool undisturbed = !end.interrupted && !end.timed_out && !end.could_not_start;
  if (git_ && undisturbed) {
    if (const auto next = git_->next(end.rc, end.output)) return run_git_command(*next, now);
    return git_finished(now);
  }
  timed_out_ = end.timed_out;
  max_lines_reached_ = end.max_lines_reached;
  finish(verdict(end, now), now);
}

Results StepRun::verdict(const CommandEnd& end, Now now) {
  Results r = Results::failure;
  if (end.interrupted) {
    r = Results::cancelled;
  } else if (end.could_not_start) {
    r = Results::exception;
  } else if (!end.timed_out && !end.max_lines_reached) {
    if (plan_.decode_rc.empty()) {
      r = end.rc == 0 ? Results::success : Results::failure;
    } else if (const auto it = plan_.decode_rc.find(end.rc); it != plan_.decode_rc.end()) {
      r = it->second;
    }
  }
  if (!warnings_) return r;
  warnings_->finish();
  const auto count = warnings_->count();
  if (count > 0) logs_.add_complete("warnings (" + std::to_string(count) + ")", warnings_->lines(), now);
  const auto it = build_.properties.find("warnings-count");
  const std::int64_t before = it == build_.properties.end() ? 0 : it->second.value.int_or(0);
  build_.set({{"warnings-count", {before + count, "WarningCountingShellCommand"}}});
  if (plan_.max_warn_count >= 0 && count > plan_.max_warn_count) return worst(r, Results::failure);
  return count > 0 ? worst(r, Results::warnings) : r;
}

void StepRun::interrupt(const std::string& reason, Now now) {
  if (interrupted_ || phase_ == Phase::done) return;
  interrupted_ = true;
  if (phase_ == Phase::hiding) return complete(now);  // it has a result already
  if (phase_ == Phase::asking) {
    record_.name = build_.unique_name(plan_.name.string_or(plan_.kind));
    record_started(now);
    phase_ = Phase::running;
    logs_.add_complete("cancelled", reason, now);
    return finish(Results::cancelled, now);
  }
  logs_.add_complete("cancelled", reason, now);
  if (command_) command_->interrupt(build_.actions, now);
}

void StepRun::on_timer(Now now) {
  logs_.on_timer(now);
  if (!command_ || phase_ != Phase::running) return;
  if (auto end = command_->on_timer(build_.actions, now)) command_ended(std::move(*end), now);
}

std::optional<MonoTime> StepRun::next_wake() const {
  if (phase_ == Phase::done) return std::nullopt;
  auto first = logs_.next_wake();
  if (command_) {
    const auto other = command_->next_wake();
    if (other && (!first || *other < *first)) first = other;
  }
  return first;
}

void StepRun::on_paused(bool paused, Now now) {
  if (command_) command_->on_paused(paused, now);
}

void StepRun::fail_with(const std::string& text, Now now) {
  logs_.add_complete("err.text", text + "\n", now);
  finish(Results::exception, now);
}

void StepRun::finish(Results results, Now now) {
  results_ = results;
  logs_.close(now);
  const auto questions = render::questions(plan_.hide_step_if);
  if (!questions.empty() && !interrupted_) {
    phase_ = Phase::hiding;
    hide_question_ = build_.ask(questions.front(), record_.number, results_);
    return;
  }
  record_.hidden = plan_.hide_step_if.truthy() && questions.empty();
  complete(now);
}

void StepRun::complete(Now now) {
  phase_ = Phase::done;
  logs_.close(now);
  record_.complete_ms = std::max(to_ms(now.wall), record_.started_ms);
  record_.results = results_;
  record_.logs = logs_.records();
  record_.state_string = done_text();
  wire::ProgressItem item;
  item.step = record_;
  build_.outbox.add(std::move(item));
}

std::string StepRun::running_text() const {
  if (const auto text = joined(rendered_.description); !text.empty()) return text;
  if (plan_.kind == "git") return "updating";
  if (plan_.kind == "set_property") return "Setting";
  return "running";
}

std::string StepRun::done_text() const {
  std::string text = joined(rendered_.description_done);
  if (text.empty() && plan_.kind == "command")
    text = short_command(command_words(rendered_.command)).value_or("");
  if (text.empty()) text = joined(rendered_.description);
  if (text.empty()) text = plan_.kind == "git" ? "update" : plan_.kind == "set_property" ? "Set" : "finished";
  return text + result_suffix(results_, timed_out_, max_lines_reached_);
}

}  // namespace headrace::worker
