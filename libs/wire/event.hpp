// SPDX-License-Identifier: Apache-2.0
// One entry of the numbered event log, as it is in Redis and on the bus.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "model/ids.hpp"
#include "result/result.hpp"

namespace headrace::wire {

/// Made by a Redis function: the envelope is its own, the body is opaque to it.
///
/// Topics: `change.new`, `buildset.new`, `buildset.complete`, `request.pending`, `request.complete`,
/// `request.cancel`, `build.new.<builder>`, `build.finished.<builder>`, `step.started.<builder>`,
/// `step.finished.<builder>`, `build.properties.<builder>`, `worker.connected.<name>`,
/// `worker.disconnected.<name>`, `config.applied`, … docs/protocol.md lists them with their ids.
struct Event {
  EventNumber number;
  std::string tag;           ///< random, of this event
  std::string previous_tag;  ///< of the event before; "" for the first
  std::string topic;
  std::int64_t at_ms = 0;  ///< Redis's clock
  /// Facts that the function decided: ids, result codes. Integers only.
  std::map<std::string, std::int64_t, std::less<>> ids;
  std::string body;  ///< MessagePack of a record (records.hpp); may be empty

  std::int64_t id(std::string_view name) const {
    const auto it = ids.find(name);
    return it == ids.end() ? 0 : it->second;
  }
  /// True for the topic itself and for what is below it: is("build.new") holds for "build.new.kernel".
  bool is(std::string_view prefix) const {
    return topic.starts_with(prefix) && (topic.size() == prefix.size() || topic[prefix.size()] == '.');
  }
};

/// A place in the event log: the last event that was taken, with its tag, because the log itself can go back.
struct Cursor {
  EventNumber number;
  std::string tag;
  bool operator==(const Cursor&) const = default;
};

/// Reads the envelope that the Redis functions write: MessagePack array
/// [number, tag, previous tag, topic, at, {id: integer}].
[[nodiscard]] Result<Event> decode_event(std::string_view envelope, std::string_view body);

/// The frames of an event on the bus: topic, number (decimal), envelope, body.
std::vector<std::string> to_frames(const Event& event, std::string_view envelope);
[[nodiscard]] Result<Event> event_from_frames(const std::vector<std::string>& frames);

}  // namespace headrace::wire
