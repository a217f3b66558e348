// SPDX-License-Identifier: Apache-2.0
// Gives out every event once and in order, although the bus may lose, double, delay and reorder events.
//
// The event log in Redis is numbered without gaps. A reader keeps a cursor: number and tag of the last event
// that it gave out. The event with the next number is given out. An event with a higher number is held; when
// the hole before it is not filled within kHoleWait, the reader asks for the missing range. An event with a
// lower number is ignored. After kSilence without any event the reader asks for what stands behind the
// cursor.
//
// Every event names the tag of the event before. A mismatch means that the event log itself went back
// (fail-over, power loss): the owner of the reader has to load its state again. Pure: no sockets, no clock.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "clock/clock.hpp"
#include "wire/event.hpp"

namespace headrace::events {

using wire::Cursor;

class Reader {
 public:
  static constexpr milliseconds kHoleWait{20};
  static constexpr milliseconds kSilence{1000};
  static constexpr std::size_t kMaxHeld = 100'000;  ///< when more are held, all are dropped and fetched later

  explicit Reader(Cursor start, MonoTime now) : cursor_(std::move(start)), heard_(now) {}

  /// One event from the bus (or from one's own commit). @return the events to apply now, in order.
  std::vector<wire::Event> on_event(wire::Event event, MonoTime now);

  /// Takes the answer to wants_fetch(): events from cursor + 1 on, in order; empty when there are none.
  std::vector<wire::Event> on_fetched(std::vector<wire::Event> events, MonoTime now);

  /// True when the range from cursor + 1 should be read from the event log now. True once, until
  /// on_fetched().
  bool wants_fetch(MonoTime now);
  /// After a fetch that was cut off at its limit: the next part, at once.
  bool fetch_again() { return !broken_ && (fetching_ = true); }
  /// When wants_fetch may become true.
  MonoTime next_look() const;

  /// The event log went back, or was trimmed past the cursor: load the state again.
  bool broken() const { return broken_; }
  const Cursor& cursor() const { return cursor_; }

 private:
  bool apply(wire::Event& event, std::vector<wire::Event>& out);
  void apply_held(std::vector<wire::Event>& out);

  Cursor cursor_;
  std::map<EventNumber, wire::Event> held_;
  std::optional<MonoTime> hole_since_;
  MonoTime heard_;
  bool fetching_ = false;
  bool broken_ = false;
};

}  // namespace headrace::events
