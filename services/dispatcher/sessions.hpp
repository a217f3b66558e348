// SPDX-License-Identifier: Apache-2.0
// Workers come and go: hello, welcome, heartbeats, leases, goodbye.
//
// A hello asks the store for a session. The connection that the worker has here stays until the store has
// said yes: the store knows whether the hello is late, and whether another process has the worker's place.
// Claims that the worker still holds are adopted before the welcome, because the welcome tells the worker the
// state of each claim. The worker may say hello again before the welcome. The same hello needs no second
// answer, and a different hello from the same connection is answered after the welcome.
//
// A heartbeat is answered when the lease is renewed in the store, and not before: a dispatcher that does not
// reach the store falls silent, and its workers go to another one.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "dispatcher/context.hpp"
#include "store/transitions/lease.hpp"

namespace headrace::dispatcher {

class Recovery;

class Sessions {
 public:
  Sessions(Context& context, Recovery& recovery) : c_(context), recovery_(recovery) {}

  /// Finds the link of a message's session. A connection without this session is asked to say hello.
  Link* current(const std::string& peer, const std::string& worker, SessionId session);

  /// Call for every message in a session, before it is handled.
  void heard(const std::string& worker, Link& link);
  void on_hello(const std::string& peer, const std::string& worker, wire::Hello hello);
  void on_heartbeat(const std::string& worker, Link& link, const wire::Heartbeat& message);
  void on_goodbye(const std::string& worker, Link& link, const wire::Goodbye& message);
  /// An event says that the worker has this session now, here or at another dispatcher.
  /// @param taken_over  by another process with the worker's key
  void on_connected_elsewhere(const std::string& worker, SessionId session, bool taken_over);
  /// An event says that another process asks for the worker's place.
  void on_challenged(const std::string& worker, SessionId session, std::int64_t number);
  /// Renews the leases for which heartbeats have come, and answers the heartbeats then.
  void answer_heartbeats();
  void on_tick();

  /// The worker's key is no longer allowed: its session ends and its builds go back.
  void dismiss(const std::string& worker);
  /// Asks the worker to say hello again, after a message of the worker was lost. Messages of one connection
  /// arrive in order, so a gap means a lost message. The new welcome tells the worker what the store has, and
  /// the worker sends again from there.
  /// @param worker  by value, because the caller's string may belong to a build that goes with the link
  void resync(std::string worker, const std::string& reason);
  /// Sends a new welcome to every worker whose number of slots differs from the configuration.
  void tell_slots();
  /// @param worker  by value, as in resync()
  void drop(std::string worker);

 private:
  /// A hello on its way to the store.
  struct Opening {
    std::int64_t serial = 0;  ///< tells the store's answers apart
    std::string peer;
    wire::Hello hello;
    std::optional<wire::Hello>
        later;  ///< a different hello of the same connection, to be answered afterwards
  };
  struct Beat {
    std::string worker;
    SessionId session;
    std::int64_t number = 0;
    std::vector<wire::Claim> held;
  };
  void open(const std::string& peer, const std::string& worker, wire::Hello hello);
  void on_refused(const std::string& worker, const Opening& opening, const store::Refusal& refusal);
  void admit(const std::string& worker, Opening opening, const store::WorkerHello::Answer& answer);
  void adopt_held(const std::string& worker, const store::WorkerHello::Answer& answer);
  void welcome(const std::string& worker, SessionId session, const std::vector<wire::Claim>& held);
  void end(const std::string& worker, SessionId session);
  /// Renews, and calls `then` with the place of each that was renewed.
  template <class F>
  void renew(std::vector<std::pair<std::string, SessionId>> asked, F then);
  void reply(const Beat& beat);

  Context& c_;
  Recovery& recovery_;
  std::map<std::string, Opening> opening_;  ///< worker → its newest hello
  std::int64_t openings_ = 0;
  std::vector<Beat> beats_;  ///< heartbeats that wait for their answers
  MonoTime renewed_{};
};

}  // namespace headrace::dispatcher
