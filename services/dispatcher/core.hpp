// SPDX-License-Identifier: Apache-2.0
// The dispatcher's decisions: which request is offered to which worker, what a worker's message means, and
// what becomes of the builds of a lost worker. The core is pure: messages, events, answers of the store and
// the time come in, actions go out. So the simulation can run several cores.
//
// The core only routes. Its parts own what they decide about:
//
//   Sessions   hello, welcome, heartbeats, leases, goodbye       Workers       links, slots, who is free
//   Offers     matching, offers, accepts, refusals               PendingQueue  open requests, their order
//   Reports    logs, progress, the end of a build, questions     Claims        offers and running builds
//   Recovery   claims that outlived a dispatcher or a worker     Actions       actions and their answers
//
// The truth is in the store, not here. The store's functions check every step again. The core knows just
// enough to ask for the right step, and forgets a claim that the store refuses for a reason that the core did
// not expect.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "dispatcher/context.hpp"
#include "dispatcher/offers.hpp"
#include "dispatcher/recovery.hpp"
#include "dispatcher/reports.hpp"
#include "dispatcher/sessions.hpp"
#include "store/state/request.hpp"
#include "wire/events.hpp"

namespace headrace::dispatcher {

class Core {
 public:
  /// @param open  every request that is not complete, as the store has it
  Core(CoreSettings settings, ConfigurationPtr configuration, ConfigVersion version,
       const std::vector<store::OpenRequests::One>& open, Now now);
  Core(const Core&) = delete;
  Core& operator=(const Core&) = delete;

  // The inputs. Call take_actions() after each input, and match() after a run of inputs.
  /// A message of a worker. @param worker  the name that belongs to the connection's key
  void on_message(const std::string& peer, const std::string& worker, const std::string& name,
                  const std::string& body, Now now);
  /// @param event  its wire::Event has to outlive the call
  void on_event(const wire::AnyEvent& event, Now now);
  /// The answer to the action with this ticket.
  void on_answer(Ticket ticket, Answer answer, Now now);
  /// The worker's key is no longer allowed: its session ends and its builds go back.
  void on_key_removed(const std::string& worker, Now now);
  void on_configuration(ConfigurationPtr configuration, ConfigVersion version, Now now);
  /// Call once a second.
  void on_tick(Now now);
  /// Offers pending requests to free workers. @param anew  true when the time of a delayed request has come
  void match(Now now, bool anew = false);

  std::vector<Action> take_actions() { return c_.out.take(); }
  /// When to call match() again, for requests that are delayed.
  std::optional<MonoTime> next_match() const { return c_.queue.next_delay(); }

  std::size_t pending_count() const { return c_.queue.pending_count(); }
  std::size_t running_count() const { return c_.claims.size(); }
  std::size_t worker_count() const { return c_.workers.size(); }

 private:
  /// A message that belongs to a session.
  template <class M, class F>
  void in_session(const std::string& peer, const std::string& worker, const std::string& body, F handle);
  void on_buildset(const wire::BuildsetNew& event);
  void on_complete(RequestId request);
  void on_cancel(const wire::RequestCancelWanted& event);
  void on_lost(const std::string& worker);

  Context c_;
  Recovery recovery_{c_};
  Sessions sessions_{c_, recovery_};
  Offers offers_{c_};
  Reports reports_{c_, sessions_};
};

}  // namespace headrace::dispatcher
