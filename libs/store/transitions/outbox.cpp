// SPDX-License-Identifier: Apache-2.0
#include "store/transitions/outbox.hpp"

#include "store/arguments.hpp"

namespace headrace::store {

Call CursorStart::call() const {
  Arguments a;
  a << reporter << term;
  return make_call<CursorStart>(std::move(a));
}

Outcome<wire::Cursor> CursorStart::read(const Reply& reply) {
  return read_value<Answer>(kFunction, reply, [](const json::Value& v) {
    return wire::Cursor{{v.as_array().at(0).as_int()}, v.as_array().at(1).as_string()};
  });
}

Call ReporterApply::call() const {
  Arguments a;
  a << reporter << term << from << to.number << to.tag << messages.size();
  for (const auto& message : messages) a << message.key << message.body;
  return make_call<ReporterApply>(std::move(a));
}

Outcome<EventNumber> ReporterApply::read(const Reply& reply) {
  return read_value<Answer>(kFunction, reply,
                            [](const json::Value& v) { return Answer{v.as_array().at(0).as_int()}; });
}

Call OutboxDone::call() const {
  Arguments a;
  a << reporter << term << key;
  return make_call<OutboxDone>(std::move(a));
}

Outcome<Done> OutboxDone::read(const Reply& reply) { return read_done(reply); }

Call OutboxLater::call() const {
  Arguments a;
  a << reporter << term << key << delay.count();
  return make_call<OutboxLater>(std::move(a));
}

Outcome<std::int64_t> OutboxLater::read(const Reply& reply) {
  return read_value<Answer>(kFunction, reply,
                            [](const json::Value& v) { return v.as_array().at(0).as_int(); });
}

Call ReporterDrop::call() const {
  Arguments a;
  a << reporter << version;
  return make_call<ReporterDrop>(std::move(a));
}

Outcome<Done> ReporterDrop::read(const Reply& reply) { return read_done(reply); }

}  // namespace headrace::store
