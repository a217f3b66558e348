// SPDX-License-Identifier: Apache-2.0
#include "store/transitions/lease.hpp"

#include "store/arguments.hpp"

namespace headrace::store {
namespace {

// Lua's empty table arrives as an empty map.
const json::Array& list_of(const json::Value& value) {
  static const json::Array kNothing;
  return value.is_object() && value.as_object().empty() ? kNothing : value.as_array();
}

std::vector<RequestId> requests_of(const json::Value& value) {
  std::vector<RequestId> out;
  for (const auto& id : list_of(value))
    out.push_back({id.is_string() ? std::stoll(id.as_string()) : id.as_int()});
  return out;
}

WorkerHello::Held held_of(const json::Value& value) {
  const auto& parts = value.as_array();
  WorkerHello::Held out;
  if (parts.at(0).as_string() == "offered") out.state = WorkerHello::Held::State::offered;
  if (parts.at(0).as_string() != "running") return out;
  out.state = WorkerHello::Held::State::running;
  out.build.value = parts.at(1).as_int();
  out.number = parts.at(2).as_int();
  out.sequence = parts.at(3).as_int();
  if (const auto& wanted = parts.at(4).as_string(); !wanted.empty())
    out.cancel_reason = wire::decode_reason(wanted);
  return out;
}

}  // namespace

Call Tick::call() const {
  Arguments a;
  a << (clock == LeaseClock::workers ? "workers" : "roles");
  return make_call<Tick>(std::move(a));
}

Outcome<Tick::Answer> Tick::read(const Reply& reply) {
  return read_value<Answer>(kFunction, reply, [](const json::Value& v) {
    const auto& parts = v.as_array();
    Answer out;
    out.clock_ms = parts.at(0).as_int();
    out.head = {{parts.at(1).as_int()}, parts.at(2).as_string()};
    out.expired = requests_of(parts.at(3));
    for (const auto& worker : list_of(parts.at(4))) out.lost.push_back(worker.as_string());
    out.now_ms = parts.at(5).as_int();
    return out;
  });
}

Call WorkerHello::call() const {
  Arguments a;
  a << worker << instance << dispatcher << lease.count() << wire::encode(info) << held.size();
  for (const auto& claim : held) a << claim;
  a << number << replaces;
  return make_call<WorkerHello>(std::move(a));
}

Outcome<WorkerHello::Answer> WorkerHello::read(const Reply& reply) {
  return read_value<Answer>(kFunction, reply, [](const json::Value& v) {
    const auto& parts = v.as_array();
    Answer out;
    out.session.value = parts.at(0).as_int();
    for (const auto& held : list_of(parts.at(1))) out.held.push_back(held_of(held));
    out.orphans = requests_of(parts.at(2));
    out.superseded = parts.at(3).as_string();
    return out;
  });
}

Call WorkerRenew::call() const {
  Arguments a;
  a << lease.count() << sessions.size();
  for (const auto& [worker, session] : sessions) a << worker << session;
  return make_call<WorkerRenew>(std::move(a));
}

Outcome<WorkerRenew::Answer> WorkerRenew::read(const Reply& reply) {
  return read_value<Answer>(kFunction, reply, [](const json::Value& v) {
    Answer out;
    for (const auto& one : list_of(v)) out.push_back(one.as_int() == 1);
    return out;
  });
}

Call WorkerAnswers::call() const {
  Arguments a;
  a << worker << session << challenge;
  return make_call<WorkerAnswers>(std::move(a));
}

Outcome<Done> WorkerAnswers::read(const Reply& reply) { return read_done(reply); }

Call WorkerGone::call() const {
  Arguments a;
  a << worker << session << (why == Why::expired ? "expired" : "goodbye");
  return make_call<WorkerGone>(std::move(a));
}

Outcome<WorkerGone::Answer> WorkerGone::read(const Reply& reply) {
  return read_value<Answer>(kFunction, reply,
                            [](const json::Value& v) { return requests_of(v.as_array().at(0)); });
}

Call RoleHold::call() const {
  Arguments a;
  a << role << owner << lease.count();
  return make_call<RoleHold>(std::move(a));
}

Outcome<RoleHold::Answer> RoleHold::read(const Reply& reply) {
  return read_value<Answer>(kFunction, reply, [](const json::Value& v) {
    return Answer{v.as_array().at(0).as_int(), v.as_array().at(1).as_int() == 1};
  });
}

Call RoleRelease::call() const {
  Arguments a;
  a << role << owner;
  return make_call<RoleRelease>(std::move(a));
}

Outcome<Done> RoleRelease::read(const Reply& reply) { return read_done(reply); }

}  // namespace headrace::store
