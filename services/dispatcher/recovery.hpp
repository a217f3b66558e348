// SPDX-License-Identifier: Apache-2.0
// Claims that outlived the dispatcher or the worker that made them. The state of the claim in the store
// decides:
//
//   its worker holds it, in its current session     adopt: this dispatcher drives it from now on
//   offered, and its session or its time is over    release: the request is pending again
//   running, and its session is over                declare lost: RETRY, or the end of the request
//
// Several dispatchers may ask for each of these steps at any time. The store's functions refuse a step whose
// condition is not met.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "dispatcher/context.hpp"

namespace headrace::dispatcher {

class Recovery {
 public:
  explicit Recovery(Context& context) : c_(context) {}

  /// Adopts claims that the worker holds and the store knows. Everything that the builds need is read from
  /// the store.
  /// @param claims  each with its build, when the build is known
  /// @param done    called when every claim was adopted or is no longer valid
  void adopt(const std::string& worker, SessionId session,
             const std::vector<std::pair<wire::Claim, BuildId>>& claims, std::function<void()> done);

  /// An event says that a request is in its queue again, and there is a claim on it here. Either the event is
  /// older than the claim, or another dispatcher has released the claim. The store is asked which one it is.
  void recheck_claim(RequestId request);
  /// Releases a claim whose offer has expired, or declares a build lost whose session has ended. It does
  /// nothing when neither is so.
  void release_or_declare_lost(RequestId request);
  /// Releases or declares lost every claim on this worker's slots that is not of the worker's current
  /// session.
  void settle_stale_slots(const std::string& worker);
  /// Does the same a while later, so that another dispatcher has the time to do it first.
  void settle_stale_slots_later(const std::string& worker);
  /// Ends the session of a worker whose lease has run out. @param gone  called when the session has ended
  void declare_worker_lost(const std::string& worker, std::function<void()> gone);
  void on_tick();

 private:
  void adopt_one(const std::string& worker, SessionId session, const wire::Claim& claim,
                 const store::Claimed& claimed, ConfigurationPtr configuration);
  void release(const wire::Claim& claim);
  void declare_lost(const store::Claimed& claimed);

  Context& c_;
  std::map<std::string, MonoTime> settle_at_;  ///< worker → when to settle its stale slots
};

}  // namespace headrace::dispatcher
