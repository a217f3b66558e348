// SPDX-License-Identifier: Apache-2.0
// One reporter's way through the event log: its cursor and the messages on the way to the outbox.
//
// Cursor and messages are stored in one step (reporter_apply). One batch is in flight at a time; events
// that say nothing move the cursor with the next message, or alone once in a while, so that the event log can
// be trimmed. Pure: no sockets, no clock.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <utility>
#include <vector>

#include "clock/clock.hpp"
#include "config/site.hpp"
#include "events/reader.hpp"
#include "notifier/build_report.hpp"
#include "notifier/message.hpp"

namespace headrace::notifier {

/// What one call of reporter_apply stores.
struct Batch {
  EventNumber from;   ///< where the cursor is
  events::Cursor to;  ///< where it goes
  std::vector<Message> messages;
};

class Core {
 public:
  static constexpr std::size_t kMaxInBatch = 200;  ///< messages
  static constexpr milliseconds kLazy{3000};       ///< a cursor alone moves this seldom

  /// @param start  everything up to it is done with
  Core(const config::Reporter& reporter, events::Cursor start, MonoTime now)
      : reporter_(reporter), stored_(start), reached_(std::move(start)), moved_(now) {}

  /// Whether the reporter tells of this finished build. Ask before the rest of the report is gathered; needs
  /// the build, the verdicts and the tags.
  bool wants(EventNumber event, const BuildReport& report) const;

  /// Every event up to `at` is done with; the last of them gave `message`, if any. What is behind the cursor
  /// is ignored: a reporter may join a reader that is further back.
  void on(const events::Cursor& at, std::optional<Message> message);

  /// What to store now, if anything; then nothing more until stored().
  std::optional<Batch> next(MonoTime now);
  void stored(MonoTime now);

  const config::Reporter& reporter() const { return reporter_; }
  const events::Cursor& cursor() const { return stored_; }

 private:
  config::Reporter reporter_;
  events::Cursor stored_;  ///< in Redis
  events::Cursor reached_;
  std::deque<std::pair<events::Cursor, Message>> waiting_;  ///< by event, ascending
  std::optional<events::Cursor> in_flight_;                 ///< where the batch goes
  MonoTime moved_;                                          ///< when the cursor last moved in Redis
};

}  // namespace headrace::notifier
