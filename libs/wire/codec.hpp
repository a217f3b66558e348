// SPDX-License-Identifier: Apache-2.0
// MessagePack in and out for every message and record of the system.
//
// A message is a plain struct with `kVersion` and a static `fields(self, visit)` that names its members. On
// the wire a message is a map of named fields, in which the field "v" is the version. A reader ignores fields
// that it does not know and keeps the default of fields that are missing, so fields can be added within one
// version. Another version is refused. pack.hpp and unpack.hpp alone include msgpack.hpp.
#pragma once

#include <string>
#include <string_view>

#include "json/value.hpp"
#include "result/result.hpp"

namespace headrace::wire {

/// MessagePack of one message. Instantiated in codec.cpp for every message type.
template <class Message>
std::string encode(const Message& message);

/// The message in `bytes`. Errors: truncated or trailing bytes, wrong type of a field (named), other
/// version. Nesting and sizes are bounded by the length of `bytes`.
template <class Message>
[[nodiscard]] Result<Message> decode(std::string_view bytes);

/// MessagePack of a bare JSON value, and back (binary is refused).
std::string encode_value(const json::Value& value);
[[nodiscard]] Result<json::Value> decode_value(std::string_view bytes);

/// Why something was cancelled, as the store and its events carry it: MessagePack of {reason: text}; and back
/// ("" for what is none).
std::string encode_reason(const std::string& text);
std::string decode_reason(std::string_view packed);

/// A struct without binary members as a JSON object, and back; for objects inside of messages whose shape
/// depends on another member. Errors: as decode's.
template <class Message>
json::Value to_value(const Message& message) {
  return std::move(*decode_value(encode(message)));
}
template <class Message>
[[nodiscard]] Result<Message> from_value(const json::Value& value) {
  return decode<Message>(encode_value(value));
}

}  // namespace headrace::wire
