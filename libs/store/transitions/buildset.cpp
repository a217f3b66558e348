// SPDX-License-Identifier: Apache-2.0
#include "store/transitions/buildset.hpp"

#include <array>

#include "store/arguments.hpp"

namespace headrace::store {
namespace {

constexpr std::array<std::pair<RequestState, std::string_view>, 4> kStates{{
    {RequestState::pending, "pending"},
    {RequestState::offered, "offered"},
    {RequestState::running, "running"},
    {RequestState::complete, "complete"},
}};

}  // namespace

std::string_view request_state_name(RequestState state) {
  for (const auto& [value, name] : kStates)
    if (value == state) return name;
  return "";
}

std::optional<RequestState> request_state_from_name(std::string_view name) {
  for (const auto& [value, known] : kStates)
    if (known == name) return value;
  return std::nullopt;
}

Arguments& operator<<(Arguments& arguments, const wire::Buildset& set) {
  arguments << wire::encode(set) << set.requests.size();
  for (const auto& request : set.requests) arguments << request.builder << request.priority;
  return arguments;
}

Call BuildsetAdd::call() const {
  Arguments a;
  a << repeat_key << version << set;
  return make_call<BuildsetAdd>(std::move(a));
}

Outcome<BuildsetAdd::Answer> BuildsetAdd::read(const Reply& reply) {
  return read_value<Answer>(kFunction, reply, [](const json::Value& v) {
    const auto& parts = v.as_array();
    return Answer{{parts.at(0).as_int()}, {parts.at(1).as_int()}, parts.at(2).as_int()};
  });
}

Call RequestCancel::call() const {
  Arguments a;
  a << request << wire::encode_reason(reason);
  return make_call<RequestCancel>(std::move(a));
}

Outcome<RequestCancel::Answer> RequestCancel::read(const Reply& reply) {
  return read_value<Answer>(kFunction, reply, [](const json::Value& v) {
    return request_state_from_name(v.as_array().at(0).as_string()).value();
  });
}

}  // namespace headrace::store
