// SPDX-License-Identifier: Apache-2.0
// Workers come and go: hello, welcome, heartbeats, leases, goodbye.
//
// A hello opens a session in the store. Claims that the worker still holds are adopted before the welcome,
// because the welcome tells the worker the state of each claim. The worker may say hello again before the
// welcome. The same hello needs no second answer, and a different hello from the same connection is answered
// after the welcome.
#pragma once

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

  void on_hello(const std::string& peer, const std::string& worker, wire::Hello hello);
  void on_heartbeat(const std::string& worker, Link& link, const wire::Heartbeat& message);
  void on_goodbye(const std::string& worker, Link& link, const wire::Goodbye& message);
  /// An event says that the worker has this session now, here or at another dispatcher.
  void on_connected_elsewhere(const std::string& worker, SessionId session);
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
  void open(std::string peer, const std::string& worker, wire::Hello hello);
  void adopt_held(const std::string& worker, const store::WorkerHello::Answer& answer);
  void welcome(const std::string& worker, SessionId session, const std::vector<wire::Claim>& held);
  void end(const std::string& worker, SessionId session);
  void renew(std::vector<std::pair<std::string, SessionId>> asked);

  Context& c_;
  Recovery& recovery_;
  MonoTime renewed_{};
};

}  // namespace headrace::dispatcher
