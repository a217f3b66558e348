// SPDX-License-Identifier: Apache-2.0
#include "store/transitions/scheduler.hpp"

#include "store/arguments.hpp"

namespace headrace::store {
namespace {

// A time that may be missing: "" then.
Arguments& operator<<(Arguments& a, const std::optional<std::int64_t>& time_ms) {
  return a << (time_ms ? std::to_string(*time_ms) : std::string());
}

Arguments& operator<<(Arguments& a, const SchedulerApply::Make& op) {
  return a << "set" << op.scheduler << op.set;
}

Arguments& operator<<(Arguments& a, const SchedulerApply::Wait& op) {
  return a << "wait" << op.timer.scheduler << op.timer.key << op.change << (op.important ? 1 : 0)
           << op.due_ms;
}

}  // namespace

Call SchedulerApply::call() const {
  Arguments a;
  a << term << from << to.number << to.tag << version << operations.size();
  for (const auto& operation : operations) std::visit([&](const auto& kind) { a << kind; }, operation);
  return make_call<SchedulerApply>(std::move(a));
}

Outcome<EventNumber> SchedulerApply::read(const Reply& reply) {
  return read_value<Answer>(kFunction, reply,
                            [](const json::Value& v) { return Answer{v.as_array().at(0).as_int()}; });
}

Call SchedulerDue::call() const {
  Arguments a;
  a << term << version << timer.scheduler << timer.key << due_ms << next_due_ms << changes.size();
  for (const auto change : changes) a << change;
  a << set;
  return make_call<SchedulerDue>(std::move(a));
}

Outcome<BuildsetId> SchedulerDue::read(const Reply& reply) {
  return read_value<Answer>(kFunction, reply,
                            [](const json::Value& v) { return Answer{v.as_array().at(0).as_int()}; });
}

Call WaitingSplit::call() const {
  Arguments a;
  a << term << version << timer.scheduler << timer.key << parts.size();
  for (const auto& part : parts) {
    a << part.key << part.due_ms << part.changes.size();
    for (const auto change : part.changes) a << change;
  }
  return make_call<WaitingSplit>(std::move(a));
}

Outcome<Done> WaitingSplit::read(const Reply& reply) { return read_done(reply); }

Call WaitingDrop::call() const {
  Arguments a;
  a << term << version << timer.scheduler << timer.key;
  return make_call<WaitingDrop>(std::move(a));
}

Outcome<Done> WaitingDrop::read(const Reply& reply) { return read_done(reply); }

}  // namespace headrace::store
