// SPDX-License-Identifier: Apache-2.0
#include "worker/core/build_run.hpp"

#include <algorithm>

namespace headrace::worker {
namespace {

// First words of a build's text. Source: buildbot/process/build.py, allStepsDone.
std::string result_words(Results r) {
  switch (r) {
    case Results::failure:
      return "failed";
    case Results::warnings:
      return "warnings";
    case Results::exception:
      return "exception";
    case Results::retry:
      return "retry";
    case Results::cancelled:
      return "cancelled";
    default:
      return "build successful";
  }
}

}  // namespace

BuildRun::BuildRun(const Machine& machine, Actions& actions, std::int64_t& last_exec, wire::BuildPlan plan)
    : build_{machine, actions, last_exec, std::move(plan), {}, {}, Results::success, {}, {}, {}, 0} {
  build_.properties = build_.plan.properties;
}

void BuildRun::begin(BuildId id, std::int64_t number, Now now) {
  begun_ = true;
  build_.id = id;
  build_.set({{"buildnumber", {number, "Build"}},
              {"basedir", {build_.machine.base_directory, "Worker"}},
              {"builddir", {build_.build_directory(), "Worker"}}});
  if (cancelled_) build_.results = Results::cancelled, terminate_ = true;
  advance(now);
}

const wire::StepPlan* BuildRun::next_step() {
  while (next_ < build_.plan.steps.size()) {
    const auto& plan = build_.plan.steps[next_++];
    if (!terminate_ || plan.flags.always_run) return &plan;
  }
  return nullptr;
}

// Goes on from step to step as long as nothing has to be waited for.
void BuildRun::advance(Now now) {
  while (begun_ && !ended_) {
    if (step_) {
      if (!step_->done()) break;
      const auto& plan = build_.plan.steps[next_ - 1];
      const auto combined = combine(plan.flags, step_->results(), build_.results);
      build_.results = combined.overall;
      terminate_ |= combined.terminate;
      if (step_->speaks_for_build()) texts_.push_back(step_->state_string());
      step_.reset();
    }
    const auto* plan = next_step();
    if (!plan) {
      finish(now);
      break;
    }
    step_ = std::make_unique<StepRun>(build_, *plan, steps_started_++);
    step_->start(now);
  }
  note_pending(now);
}

void BuildRun::finish(Now now) {
  ended_ = true;
  wire::ProgressItem::Finish end;
  end.results = build_.results;
  end.state_string = result_words(build_.results);
  for (const auto& text : texts_) end.state_string += " " + text;
  wire::ProgressItem item;
  item.finish = std::move(end);
  build_.outbox.add(std::move(item));
  build_.questions.clear();
  note_pending(now);
}

void BuildRun::on_answer(const wire::Answer& answer, Now now) {
  const auto it = std::find_if(build_.questions.begin(), build_.questions.end(),
                               [&](const auto& q) { return q.message.id == answer.id; });
  if (it == build_.questions.end()) return;  // answered before
  build_.questions.erase(it);
  if (step_) step_->on_answer(answer, now);
  advance(now);
}

void BuildRun::on_command(const CommandInput& input, Now now) {
  if (step_) step_->on_command(input, now);
  advance(now);
}

void BuildRun::cancel(const std::string& reason, Now now) {
  if (cancelled_ || ended_) return;
  cancelled_ = reason;
  if (!begun_) return;
  build_.results = worst(build_.results, Results::cancelled);
  terminate_ = true;
  build_.questions.clear();
  if (step_) step_->interrupt(reason, now);
  advance(now);
}

void BuildRun::note_pending(Now now) {
  if (build_.outbox.pending_items() && !items_since_) items_since_ = now.mono;
}

std::optional<MonoTime> BuildRun::flush_due() const {
  const std::size_t uncut = step_ ? step_->logs().uncut_bytes() : 0;
  if (!build_.outbox.has_pending() && uncut == 0) return std::nullopt;
  // The end of a build waits for nothing, nor does a full report.
  if (build_.outbox.finishing() || build_.outbox.pending_bytes() >= ProgressOutbox::kReportBytes)
    return MonoTime{};
  // A step that starts may be over in a millisecond: its parts, and the next step's, travel together.
  if (items_since_) return *items_since_ + kBatch;
  // Output of a slow step goes at once, of a fast one in portions.
  return last_flush_ + kBatch;
}

void BuildRun::flush(Now now) {
  if (step_) step_->logs().cut();
  build_.outbox.close();
  items_since_.reset();
  last_flush_ = now.mono;
}

std::size_t BuildRun::bytes() const {
  return build_.outbox.bytes() + (step_ ? step_->logs().uncut_bytes() : 0);
}

std::optional<MonoTime> BuildRun::next_wake() const { return step_ ? step_->next_wake() : std::nullopt; }

}  // namespace headrace::worker
