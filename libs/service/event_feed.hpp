// SPDX-License-Identifier: Apache-2.0
// Every event, once and in order, from one of two places: the bus, with the event log of Redis behind it
// when something is missing, or the event log itself through a blocking read.
//
// The bus serves any number of readers and takes nothing from Redis, but on an idle machine an event wakes
// nine threads on its way (publisher, forwarder, subscriber, and the I/O thread of each). A blocking read is
// there at once, at Redis's expense: for the few processes that a build waits for.
//
// Pure: wants_read() says what to read from the event log, and on_read() takes the answer.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "events/reader.hpp"

namespace headrace::service {

enum class EventSource { none, bus, event_log };

/// A part of the event log that is to be read.
struct EventsRead {
  EventNumber after;
  std::size_t most = 0;   ///< events
  milliseconds block{0};  ///< > 0: waits so long for an event when there is none
};

class EventFeed {
 public:
  static constexpr std::size_t kMaxRead = 500;  ///< events of one read

  /// @param follow_pause  between two blocking reads, for a reader that every event would wake but few
  /// concern
  EventFeed(EventSource source, milliseconds follow_pause) : source_(source), follow_pause_(follow_pause) {}

  /// The reader's state includes everything up to `cursor`; the event log is read at once
  /// from there.
  void start(events::Cursor cursor, MonoTime now);
  void stop();

  /// An event from the bus or of one's own commit.
  void on_event(wire::Event event, MonoTime now);
  /// The answer to wants_read(): events in order, none when there are none.
  void on_read(std::vector<wire::Event> events, MonoTime now);
  /// While true, events that were read from the event log wait: the events of a batch in flight must not be
  /// given out before the batch's answer.
  void hold(bool held, MonoTime now);

  /// Events that can be given out, in order.
  std::vector<wire::Event> take();
  /// What is to be read now; once until on_read().
  std::optional<EventsRead> wants_read(MonoTime now);
  /// When wants_read() may want something without a further input.
  std::optional<MonoTime> next_look() const;
  /// The event log went back behind what was read, or was trimmed past it: the state has to be loaded again.
  bool broken() const { return reader_ && reader_->broken(); }
  /// Number of the last event given out.
  EventNumber position() const { return reader_ ? reader_->cursor().number : EventNumber{}; }

 private:
  void add(std::vector<wire::Event> events);
  void add_followed(std::vector<wire::Event> events, MonoTime now);

  EventSource source_;
  milliseconds follow_pause_;
  std::optional<events::Reader> reader_;
  std::vector<wire::Event> out_;
  bool reading_ = false;  ///< an answer is on its way
  bool more_ = false;     ///< the last answer was full: the next part at once
  bool held_ = false;
  MonoTime next_follow_{};
  std::optional<std::vector<wire::Event>> followed_;  ///< read, and waiting for the end of hold
};

}  // namespace headrace::service
