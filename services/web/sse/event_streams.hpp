// SPDX-License-Identifier: Apache-2.0
// Live events for browsers: server-sent events with Buildbot's paths and messages.
//
// GET /sse/listen/<path> opens a stream whose first event, `handshake`, names it; /sse/add/<uuid>/<path> and
// /sse/remove/<uuid>/<path> change what it hears. `*` in a path stands for one segment.
// Beyond Buildbot: events have the number of the log's event behind them as their id, so a client that comes
// back with Last-Event-ID hears what it missed, from the last kRing notifications; when these do not
// reach back far enough it gets one event `reset`: read the state anew. `ping` comes every kPing.
// All of it on the loop's thread.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "clock/clock.hpp"
#include "http/server.hpp"
#include "web/history/projection.hpp"

namespace headrace::web {

class EventStreams {
 public:
  static constexpr std::size_t kRing = 10'000;          ///< notifications kept for those who come back
  static constexpr std::size_t kMostUnsent = 1u << 20;  ///< bytes; a client this far behind is closed
  static constexpr seconds kPing{15};
  static constexpr seconds kAbsence{300};  ///< after the last listener left, notifications are still made

  explicit EventStreams(const Cursor& start) : cursor_(start), floor_(start.number) {}

  static bool is_mine(const http::Request& request) { return request.path.starts_with("/sse/"); }
  void handle(const http::Request& request, std::shared_ptr<http::Responder> responder);

  /// False while nobody listens: then notifications need not be made.
  bool wants_notifications(MonoTime now) const;
  /// Hands out what a batch brought. @param complete  notifications were made for all of its events
  void publish(const Applied& applied, bool complete);
  /// The history was begun anew, or has gone on unseen: nobody can resume, who listens is told `reset`.
  void restart(const Cursor& cursor);
  /// About once a second.
  void tick(MonoTime now);

  std::size_t listeners() const { return listeners_.size(); }

 private:
  struct Listener {
    std::shared_ptr<http::Stream> stream;
    std::vector<std::vector<std::string>> paths;
  };

  void listen(const http::Request& request, std::string_view path,
              std::shared_ptr<http::Responder> responder);
  bool change(std::string_view rest, bool add);
  std::string catch_up(const Listener& listener, std::string_view last_id) const;
  void send(const std::string& uuid, std::string bytes);

  // Streams may tell their end when the hub is gone already.
  std::shared_ptr<EventStreams*> self_ = std::make_shared<EventStreams*>(this);
  std::map<std::string, Listener> listeners_;
  std::deque<Notification> ring_;
  Cursor cursor_;
  EventNumber floor_;  ///< the ring holds every notification of the events after this one
  MonoTime last_ping_;
  MonoTime last_heard_;  ///< when somebody last listened
  bool heard_ = false;   ///< somebody did since the last tick
};

}  // namespace headrace::web
