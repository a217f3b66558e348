// SPDX-License-Identifier: Apache-2.0
// Workers come and go: hello, welcome, heartbeats, leases, goodbye.
//
// A hello opens a session in the store. Claims that the worker still holds are adopted before the welcome,
// which says where each of them stands. While that goes on the worker may say hello again: the same hello
// needs no second answer, and another one from the same connection is answered after it.
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

  /// The link of a message's session; a stranger is asked to say hello.
  Link* current(const std::string& peer, const std::string& worker, SessionId session);

  void on_hello(const std::string& peer, const std::string& worker, wire::Hello hello);
  void on_heartbeat(const std::string& worker, Link& link, const wire::Heartbeat& message);
  void on_goodbye(const std::string& worker, Link& link, const wire::Goodbye& message);
  /// The event says that the worker has this session now.
  void on_connected_elsewhere(const std::string& worker, SessionId session);
  void on_tick();

  /// The worker's key is no longer allowed: its session ends and its builds go back.
  void dismiss(const std::string& worker);
  /// Messages of a connection arrive in order, so a hole means that one was dropped: a new hello tells the
  /// worker where the store stands, and it sends again from there.
  /// @param worker  by value: the caller's may be the build's own, which goes with the link
  void resync(std::string worker, const std::string& reason);
  /// Workers whose slots are not what the configuration gives them are told with a new welcome.
  void tell_slots();
  /// By value, as for resync().
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
