// SPDX-License-Identifier: Apache-2.0
// Live events for browsers: server-sent events with Buildbot's paths and messages.
//
// GET /sse/listen/<path> opens a stream. The first event of the stream, `handshake`, gives its uuid;
// /sse/add/<uuid>/<path> and /sse/remove/<uuid>/<path> change the paths of the stream. `*` in a path stands
// for one segment.
//
// Beyond Buildbot: the id of an SSE event is the number of the event in the event log. A client that comes
// back with Last-Event-ID gets the notifications that it missed, from the last kRing ones. When these do not
// reach back far enough, the client gets one event `reset` and has to read the state anew. `ping` comes every
// kPing.
//
// Everything runs on the loop's thread.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "clock/clock.hpp"
#include "generation/generation.hpp"
#include "http/server.hpp"
#include "web/history/projection.hpp"

namespace headrace::web {

class EventStreams {
 public:
  static constexpr std::size_t kRing = 10'000;         ///< notifications kept for clients that come back, …
  static constexpr std::size_t kMaxUnsent = 1u << 20;  ///< bytes; a client this far behind is closed
  static constexpr seconds kPing{15};
  static constexpr seconds kAbsence{300};  ///< after the last listener left, notifications are still made

  explicit EventStreams(const Cursor& start) : cursor_(start), floor_(start.number) {}

  static bool is_mine(const http::Request& request) { return request.path.starts_with("/sse/"); }
  void handle(const http::Request& request, http::ResponderPtr responder);

  /// False while nobody listens: then notifications need not be made.
  bool wants_notifications(MonoTime now) const;
  /// Sends the notifications of a batch. @param complete  notifications were made for all events of the batch
  void publish(const Applied& applied, bool complete);
  /// The history was begun anew, or has gone on without notifications: no client can resume, and every
  /// listener gets `reset`.
  void restart(const Cursor& cursor);
  /// About once a second.
  void tick(MonoTime now);

  std::size_t listeners() const { return listeners_.size(); }

 private:
  using Path = std::vector<std::string>;
  struct Listener {
    http::StreamPtr stream;  ///< the callback of its end holds it too
    std::vector<Path> paths;
  };

  void listen(const http::Request& request, std::string_view path, http::ResponderPtr responder);
  http::Response change(std::string_view rest, bool add);
  void make_room();
  std::string reset_text() const;
  std::string catch_up(const Listener& listener, std::string_view last_id) const;
  void send(const std::string& uuid, std::string bytes);

  std::map<std::string, Listener> listeners_;
  std::deque<Notification> ring_;
  std::size_t ring_bytes_ = 0;
  Cursor cursor_;
  EventNumber floor_;  ///< the ring holds every notification of the events after this one
  MonoTime last_ping_;
  MonoTime last_heard_;  ///< when somebody last listened
  bool heard_ = false;   ///< somebody did since the last tick
  Generation life_;      ///< a stream may tell its end after the end of this
};

}  // namespace headrace::web
