// SPDX-License-Identifier: Apache-2.0
// Every event, once and in order, from one of two places: the bus, with the log in Redis behind it when
// something is missing, or the log itself through a blocking read.
//
// The bus serves any number of readers and takes nothing from Redis, but on an idle machine an event wakes
// nine threads on its way (publisher, forwarder, subscriber, and the I/O thread of each). A blocking read is
// there at once, at Redis's expense: for the few processes that a build waits for.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "events/reader.hpp"
#include "store/client.hpp"

namespace headrace::service {

/// What a feed calls, always from the loop. Any of them may stop the feed.
struct EventSink {
  std::function<void(const wire::Event&)> event;
  std::function<void()> drained;                   ///< after a run of events
  std::function<void()> broken;                    ///< the log went back behind what was read
  std::function<void(std::string reason)> failed;  ///< the log cannot be read on
};

class EventFeed {
 public:
  /// @param store  connected whenever the feed runs; the log is read through it when the bus left a hole
  EventFeed(boost::asio::io_context& io, store::Client& store, EventSink sink);

  /// From now on events come from a blocking read, on a connection of its own.
  /// @param calm  pause between two reads, for a reader that every event would wake but few concern
  void follow_log(store::Settings settings, milliseconds calm);
  bool follows_log() const { return log_ != nullptr; }
  /// That connection, if there is one; `up` is called at once if there is none.
  void connect(std::function<void()> up, std::function<void(std::string)> lost);
  void disconnect();

  /// The state includes everything up to `cursor`; what comes after it is given out from the next turn of the
  /// loop on, beginning with one `drained`.
  void start(events::Cursor cursor);
  void stop();

  /// An event from the bus or of one's own commit.
  void take(wire::Event event);
  /// A run of take() has ended.
  void drained();
  /// While true, what was read from the log waits: what a batch in flight has caused is heard of after its
  /// answer.
  void hold(bool held);

  /// Number of the last event given out.
  EventNumber position() const { return reader_ ? reader_->cursor().number : EventNumber{}; }

 private:
  void give(std::vector<wire::Event> list);
  void plan_look();
  void look();
  void fetch();
  void follow();
  void give_followed();

  boost::asio::io_context& io_;
  store::Client& store_;
  EventSink sink_;
  std::unique_ptr<store::Client> log_;
  milliseconds calm_{0};
  boost::asio::steady_timer look_timer_;
  std::optional<events::Reader> reader_;
  std::optional<std::vector<wire::Event>> followed_;  ///< read from the log, not given out yet
  bool any_ = false;                                  ///< events given out since the last drained()
  bool held_ = false;
  std::uint64_t life_ = 0;  ///< of this run; answers of an earlier one are dropped
};

}  // namespace headrace::service
