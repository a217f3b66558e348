// SPDX-License-Identifier: Apache-2.0
// The worker's tie to the dispatchers: when to say hello, when a heartbeat, when to give a socket up.
//
//   away ──(wait is over)──► greeting ──(welcome)──► welcomed
//    ▲                          │ no answer              │ no answer for 2.5 heartbeats, or disconnected
//    └──────────────────────────┴────────────────────────┘
// The wait grows from 0.2 to 5 s with every failure, with jitter, and begins anew after a welcome.
// A hello is repeated after 1, 2, 4, 4 … s, each a fifth more or less: a dispatcher answers only the newest
// hello, so one that needs longer than the pause between two hellos would never answer. A socket without a
// welcome is given up after 3.5 s, later after 7 and 10 s. Time is the worker's own monotonic clock; the seed
// of the jitter comes from outside.
//
// The lease counts from when a hello or a heartbeat was sent that the server has answered: the server counts
// its own from later. The worker's ends a tenth earlier, so that a launcher has killed the commands of a
// worker that stands still before the server gives its builds away.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <random>
#include <utility>

#include "clock/clock.hpp"
#include "model/ids.hpp"

namespace headrace::worker {

class WorkerSession {
 public:
  explicit WorkerSession(std::uint64_t seed) : random_(seed) {}

  enum class Due { nothing, connect_and_hello, hello, heartbeat };

  /// First hello at once.
  void start(MonoTime now);
  /// What is due; call again until it says nothing.
  Due on_timer(MonoTime now);
  MonoTime next_wake() const;

  /// The number of a hello or heartbeat that is sent now: 1, 2, 3 …, of both together.
  std::int64_t number(MonoTime now);
  /// @param hello  number of the hello that is answered; 0: the server does not say it
  void on_welcome(SessionId session, std::int64_t hello, milliseconds heartbeat, milliseconds lease,
                  MonoTime now);
  /// The server has renewed the lease for the heartbeat with this number; 0: it answers none.
  void on_heartbeat_reply(std::int64_t number, MonoTime now);
  /// Hello again at once on this socket: the server does not know the session, or what was said is no
  /// longer true. Nothing while away, for then the next hello says it.
  void greet_again(MonoTime now);
  /// The connection broke: another server, or this one anew. Only of a welcomed worker; while it greets, the
  /// socket connects by itself.
  void on_disconnected(MonoTime now);
  /// Another process took the session over: wait long.
  void on_superseded(MonoTime now);

  bool welcomed() const { return state_ == State::welcomed; }
  /// Of the last welcome; 0 before the first and after it was refused.
  SessionId session() const { return session_; }
  milliseconds heartbeat() const { return heartbeat_; }
  /// From then on nothing new starts before the server has answered. Before the first welcome: long ago.
  MonoTime lease_end() const { return leased_ + lease_ * 9 / 10; }

 private:
  enum class State { away, greeting, welcomed };
  void go_away(MonoTime now);
  void greet(MonoTime now);
  void wait_for_answer(MonoTime now);
  /// When the message with this number was sent, unless an earlier answer was to a later one.
  void count_lease_from(std::int64_t number);
  milliseconds random_up_to(milliseconds most);

  std::mt19937_64 random_;
  State state_ = State::away;
  SessionId session_;
  milliseconds heartbeat_{5000};
  milliseconds lease_{30000};
  MonoTime next_{};     // away: end of the wait; greeting: next hello; welcomed: next heartbeat
  MonoTime give_up_{};  // greeting: when to try another socket
  MonoTime last_heard_{};
  MonoTime leased_{};  // when the newest message was sent that the server has answered
  std::int64_t last_number_ = 0;
  std::deque<std::pair<std::int64_t, MonoTime>> sent_;  // numbers that may be answered yet
  milliseconds hello_wait_{1000};                       // greeting: after the next hello
  int failures_ = 0;
};

}  // namespace headrace::worker
