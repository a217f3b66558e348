// SPDX-License-Identifier: Apache-2.0
// What is done with an event whose body cannot be read: one line in the process log.
#pragma once

#include <optional>

#include "log/log.hpp"
#include "result/result.hpp"
#include "wire/event.hpp"

namespace headrace::web {

/// The record of the event; nothing, and a line in the process log, when it cannot be read.
template <class Record>
std::optional<Record> readable(const wire::Event& event, Result<Record> record) {
  if (record) return std::move(*record);
  spdlog::error("event cannot be read and is passed over event={} topic={} reason=\"{}\"", event.number.value,
                event.topic, record.error().text);
  return std::nullopt;
}

}  // namespace headrace::web
