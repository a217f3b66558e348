// SPDX-License-Identifier: Apache-2.0
// Bodies of events, decoded or passed over.
#pragma once

#include <optional>

#include "log/log.hpp"
#include "wire/codec.hpp"
#include "wire/event.hpp"

namespace headrace::web {

/// The record in the event's body; nothing, and a line in the log, when it does not decode.
template <class Record>
std::optional<Record> body_of(const wire::Event& e) {
  auto record = wire::decode<Record>(e.body);
  if (record) return std::move(*record);
  spdlog::error("event cannot be read and is passed over event={} topic={} reason=\"{}\"", e.number.value,
                e.topic, record.error().text);
  return std::nullopt;
}

/// The name after the topic's kind: "kernel" of "build.new.kernel"; "" when there is none.
inline std::string_view subject_of(const wire::Event& e, std::string_view kind) {
  const std::string_view topic = e.topic;
  return topic.size() > kind.size() ? topic.substr(kind.size() + 1) : std::string_view();
}

}  // namespace headrace::web
