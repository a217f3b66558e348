// SPDX-License-Identifier: Apache-2.0
// Between the typed transitions and the strings that Redis takes and gives; inside libs/store only.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "json/value.hpp"
#include "store/call.hpp"
#include "wire/codec.hpp"
#include "wire/worker_protocol.hpp"

namespace headrace::store {

/// The arguments of one call, in the order of its Lua contract.
class Arguments {
 public:
  Arguments& operator<<(std::string text) {
    list_.push_back(std::move(text));
    return *this;
  }
  Arguments& operator<<(const char* text) { return *this << std::string(text); }
  Arguments& operator<<(std::string_view text) { return *this << std::string(text); }
  template <class Integer>
  requires std::is_integral_v<Integer> Arguments& operator<<(Integer number) {
    return *this << std::to_string(number);
  }
  template <class Tag>
  Arguments& operator<<(Id<Tag> id) {
    return *this << id.value;
  }
  Arguments& operator<<(const wire::Claim& claim) { return *this << claim.request << claim.nonce; }
  std::vector<std::string> take() && { return std::move(list_); }

 private:
  std::vector<std::string> list_;
};

template <class Transition>
Call make_call(Arguments arguments) {
  return {std::string(Transition::kFunction), std::move(arguments).take(), {}};
}

/// Reads the value of a reply with `parse(const json::Value&)`. A value of another form is an error, as is
/// one that is no MessagePack: another version's function answered.
template <class Answer, class Parse>
Outcome<Answer> read_value(std::string_view function, const Reply& reply, Parse parse) {
  if (!reply.ok) return tl::unexpected(Refusal{reply.why, reply.refusal});
  const auto value = wire::decode_value(reply.value);
  const auto unknown = [&](const std::string& reason) {
    return tl::unexpected(Refusal{
        Refused::error, "error: " + std::string(function) + " answered in an unknown form: " + reason});
  };
  if (!value) return unknown(value.error().text);
  try {
    return parse(*value);
  } catch (const std::exception& e) {  // an index or a type that is not as it should be
    return unknown(e.what());
  }
}

inline Outcome<Done> read_done(const Reply& reply) {
  if (!reply.ok) return tl::unexpected(Refusal{reply.why, reply.refusal});
  return Done{};
}

/// `body, count, (builder, priority) …`, as the functions take a buildset.
Arguments& operator<<(Arguments& arguments, const wire::Buildset& set);

}  // namespace headrace::store
