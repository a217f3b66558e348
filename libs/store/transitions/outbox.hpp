// SPDX-License-Identifier: Apache-2.0
// What leaves the system: functions/outbox.lua. A reporter's cursor moves in the step that stores its
// messages.
#pragma once

#include <string>
#include <vector>

#include "clock/clock.hpp"
#include "json/value.hpp"
#include "store/call.hpp"

namespace headrace::store {

/// The place from which a reporter reads; a new one starts at the end of the event log. Refused: stale.
struct CursorStart {
  static constexpr std::string_view kFunction = "cursor_start";
  std::string reporter;
  std::int64_t term = 0;

  using Answer = wire::Cursor;
  Call call() const;
  static Outcome<Answer> read(const Reply& reply);
};

/// Moves a reporter's cursor and stores its messages; a key that is in the outbox keeps its first message.
/// Refused: stale (term or cursor), bad.
struct ReporterApply {
  static constexpr std::string_view kFunction = "reporter_apply";
  struct Message {
    std::string key;
    std::string body;  ///< MessagePack of a map
  };
  std::string reporter;
  std::int64_t term = 0;
  EventNumber from;
  wire::Cursor to;
  std::vector<Message> messages;  ///< at most kMaxOperations

  using Answer = EventNumber;
  Call call() const;
  static Outcome<Answer> read(const Reply& reply);
};

/// The receiver has the message, or it was given up. Refused: stale, gone.
struct OutboxDone {
  static constexpr std::string_view kFunction = "outbox_done";
  std::string reporter;
  std::int64_t term = 0;
  std::string key;

  using Answer = Done;
  Call call() const;
  static Outcome<Answer> read(const Reply& reply);
};

/// The receiver could not take the message now. Refused: stale, gone.
struct OutboxLater {
  static constexpr std::string_view kFunction = "outbox_later";
  std::string reporter;
  std::int64_t term = 0;
  std::string key;
  milliseconds delay{1000};

  using Answer = std::int64_t;  ///< tries so far
  Call call() const;
  static Outcome<Answer> read(const Reply& reply);
};

/// Forgets a reporter that is in no configuration any more. Refused: gone, config.
struct ReporterDrop {
  static constexpr std::string_view kFunction = "reporter_drop";
  std::string reporter;
  ConfigVersion version;  ///< that does not have the reporter any more

  using Answer = Done;
  Call call() const;
  static Outcome<Answer> read(const Reply& reply);
};

}  // namespace headrace::store
