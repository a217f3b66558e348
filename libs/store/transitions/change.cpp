// SPDX-License-Identifier: Apache-2.0
#include "store/transitions/change.hpp"

#include "store/arguments.hpp"

namespace headrace::store {

Call ChangeAdd::call() const {
  Arguments a;
  a << delivery;
  if (poller) {
    a << poller->role << poller->term << poller->name << poller->state_before << poller->state_after;
  } else {
    a << "" << 0 << ""
      << ""
      << "";
  }
  a << changes.size();
  for (const auto& change : changes) a << wire::encode(change);
  return make_call<ChangeAdd>(std::move(a));
}

Outcome<ChangeAdd::Answer> ChangeAdd::read(const Reply& reply) {
  return read_value<Answer>(kFunction, reply, [](const json::Value& v) {
    Answer ids;
    if (v.is_object()) return ids;  // Lua's empty table
    for (const auto& id : v.as_array()) ids.push_back({id.as_int()});
    return ids;
  });
}

Call PollerReport::call() const {
  Arguments a;
  a << role << term << poller << (problem.empty() ? 0 : 1) << wire::encode_reason(problem);
  return make_call<PollerReport>(std::move(a));
}

Outcome<Done> PollerReport::read(const Reply& reply) { return read_done(reply); }

}  // namespace headrace::store
