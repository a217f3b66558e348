// SPDX-License-Identifier: Apache-2.0
#include "worker/core/step_run.hpp"

#include <algorithm>

#include "worker/core/environment.hpp"
#include "worker/core/isolation.hpp"
#include "worker/core/shell_quoting.hpp"
#include "worker/core/step_words.hpp"

namespace headrace::worker {
namespace {

// The result of a step whose command did not end by itself; nothing when it did.
std::optional<Results> result_of_disturbance(const CommandEnd& end) {
  if (end.interrupted) return Results::cancelled;
  if (end.could_not_start) return Results::exception;
  if (end.timed_out || end.max_lines_reached) return Results::failure;
  return std::nullopt;
}

bool has_nul(const std::vector<std::string>& words) {
  return std::any_of(words.begin(), words.end(),
                     [](const auto& w) { return w.find('\0') != std::string::npos; });
}

}  // namespace

StepRun::StepRun(BuildScope& build, const wire::StepPlan& plan, int number)
    : build_(build), plan_(plan), kind_(find_step_kind(plan.kind)), logs_(number, build.outbox) {
  record_.number = number;
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

Result<void> StepRun::render(const json::Value& renderable, json::Value& out) const {
  for (const auto f : render::questions(renderable)) {
    const auto failed = failed_answers_.find(f);
    if (failed != failed_answers_.end()) return fail(failed->second);
  }
  auto r = render::render(renderable,
                          {&build_.properties, &build_.plan.sourcestamps, &build_.machine.facts, &answers_});
  if (!r) return tl::unexpected(r.error());
  out = std::move(*r);
  return {};
}

Result<void> StepRun::render_all() {
  Result<void> good;
  RenderedStep& r = rendered_;
  for (const auto& [from, to] : {std::pair{&plan_.workdir, &r.workdir},
                                 {&plan_.env, &r.env},
                                 {&plan_.command, &r.command},
                                 {&plan_.description, &r.description},
                                 {&plan_.description_done, &r.description_done},
                                 {&plan_.initial_stdin, &r.initial_stdin},
                                 {&plan_.options, &r.options}}) {
    auto one = render(*from, *to);
    if (!one && good) good = std::move(one);
  }
  return good;
}

void StepRun::begin(Now now) {
  phase_ = Phase::running;
  json::Value name;
  const auto named = render(plan_.name, name);
  std::string text = named ? joined(name) : "";
  if (text.empty()) text = plan_.kind;
  record_.name = build_.unique_name(std::move(text));

  // Whether it runs is decided first: a step that is skipped may refer to what is not there.
  json::Value wanted;
  auto good = named ? render(plan_.do_step_if, wanted) : named;
  const bool skipped = good && !wanted.truthy();
  const auto rendered = render_all();
  if (good && !skipped) good = rendered;
  if (good && !skipped && kind_ != nullptr && kind_->runs_commands) {
    stdio_ = logs_.add("stdio");  // from the start
    record_.logs = logs_.records();
  }
  record_started(now);
  if (!good) {
    fail_with(good.error().text, now);
  } else if (skipped) {
    finish(Results::skipped, now);
  } else {
    work(now);
  }
}

void StepRun::record_started(Now now) {
  record_.started_ms = to_ms(now.wall);
  record_.state_string = running_text();
  wire::ProgressItem item;
  item.step = record_;
  build_.outbox.add(std::move(item));
}

void StepRun::work(Now now) {
  if (kind_ == nullptr)
    return fail_with(
        "this worker (version " HEADRACE_VERSION ") does not know steps of kind '" + plan_.kind + "'", now);
  context_.emplace(StepContext{plan_, rendered_, record_.name, build_.plan.sourcestamps, build_.properties,
                               build_.build_directory(), ""});
  if (kind_->runs_commands) {
    auto base = command_base();
    if (!base) return fail_with(base.error().text, now);
    context_->workdir = base->directory;
    command_base_ = std::move(*base);
  }
  auto begun = kind_->begin(*context_);
  if (!begun) return fail_with(begun.error().text, now);
  work_ = std::move(*begun);
  take(work_->start(), now);
}

Result<CommandSpec> StepRun::command_base() const {
  CommandSpec s;
  if (!rendered_.workdir.is_string())
    return fail("workdir must be a text, not " + json::write(rendered_.workdir));
  const std::string& workdir = rendered_.workdir.as_string();
  s.directory = workdir.starts_with("/") ? workdir : build_.build_directory() + "/" + workdir;
  while (s.directory.size() > 1 && s.directory.ends_with("/")) s.directory.pop_back();
  const auto& machine = build_.machine.environment;
  s.isolation = isolation_of(build_.plan.isolation, build_.build_directory(), machine, kind_->own_commands);
  auto env =
      merge_environment(s.isolation ? isolated_environment(machine, *s.isolation) : machine, rendered_.env);
  if (!env) return tl::unexpected(env.error());
  s.env = std::move(*env);
  s.timeout = milliseconds(plan_.timeout_ms);
  s.max_time = milliseconds(plan_.max_time_ms);
  s.max_lines = plan_.max_lines;
  s.sigterm = milliseconds(plan_.sigterm_ms);
  return s;
}

void StepRun::take(StepNext next, Now now) {
  if (auto* command = std::get_if<StepCommand>(&next)) return run(std::move(*command), now);
  conclude(std::move(std::get<StepDone>(next)), now);
}

void StepRun::run(StepCommand command, Now now) {
  if (has_nul(command.argv)) return fail_with("the command has a NUL byte", now);
  CommandSpec s = *command_base_;
  if (!command.directory.empty()) s.directory = command.directory;
  s.env["PWD"] = s.directory;
  if (command.prepare) command.prepare(s.env);
  s.display = command.display.empty() ? shell_quoted(command.argv) : command.display;
  s.argv = std::move(command.argv);
  s.input = std::move(command.input);
  s.quiet = command.quiet;
  s.collect = command.collect;
  s.hide_passwords = command.hide_passwords;
  s.log_environ = plan_.log_environ && !environment_shown_;
  if (!s.quiet) environment_shown_ = true;
  command_.emplace(std::move(s), build_.new_exec(), logs_, stdio_);
  command_->start(build_.actions, now);
}

void StepRun::on_command(const CommandInput& input, Now now) {
  if (std::holds_alternative<TimerDue>(input)) logs_.on_timer(now);
  if (!command_ || phase_ != Phase::running) return;
  if (const auto* output = std::get_if<CommandOutput>(&input))
    work_->on_output(output->channel, output->bytes);
  if (const auto end = command_->on(input, build_.actions, now)) command_ended(*end, now);
}

void StepRun::command_ended(const CommandEnd& end, Now now) {
  command_.reset();
  timed_out_ = end.timed_out;
  max_lines_reached_ = end.max_lines_reached;
  if (const auto results = result_of_disturbance(end)) {
    StepDone done;
    done.results = *results;
    return conclude(std::move(done), now);
  }
  take(work_->next(end), now);
}

void StepRun::conclude(StepDone done, Now now) {
  work_->conclude(done);
  if (!done.remark.empty()) logs_.write(stdio_, 'h', done.remark + "\n", now);
  for (const auto& [name, text] : done.texts) logs_.add_complete(name, text, now);
  if (!done.properties.empty()) build_.set(std::move(done.properties));
  finish(done.results, now);
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

std::optional<MonoTime> StepRun::next_wake() const {
  if (phase_ == Phase::done) return std::nullopt;
  auto first = logs_.next_wake();
  if (command_) {
    const auto other = command_->next_wake();
    if (other && (!first || *other < *first)) first = other;
  }
  return first;
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
  record_.state_string = finished_text() + result_suffix(results_, timed_out_, max_lines_reached_);
  wire::ProgressItem item;
  item.step = record_;
  build_.outbox.add(std::move(item));
}

std::string StepRun::running_text() const {
  if (const auto text = joined(rendered_.description); !text.empty()) return text;
  return std::string(kind_ != nullptr ? kind_->running : StepKind{}.running);
}

std::string StepRun::finished_text() const {
  std::string text = joined(rendered_.description_done);
  if (text.empty() && kind_ != nullptr && kind_->summary != nullptr) text = kind_->summary(rendered_);
  if (text.empty()) text = joined(rendered_.description);
  if (text.empty()) text = kind_ != nullptr ? kind_->finished : StepKind{}.finished;
  return text;
}

}  // namespace headrace::worker
