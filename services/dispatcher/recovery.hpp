// SPDX-License-Identifier: Apache-2.0
// Claims that outlived the dispatcher or the worker that made them. What the store says of a claim decides:
//
//   its worker holds it, in its current session     adopt: we drive it from here on
//   offered, and its session or its time is over    release: the request is pending again
//   running, and its session is over                declared lost: RETRY, or the end of the request
//
// All of this may be asked for at any time and by several dispatchers: the functions refuse what does not
// hold.
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

  /// The worker says that it holds these claims, and the store agrees. Everything is read that goes on with
  /// them.
  /// @param claims  each with its build, when it is known
  /// @param done    called when every claim is adopted, or found to be no longer valid
  void adopt(const std::string& worker, SessionId session,
             const std::vector<std::pair<wire::Claim, BuildId>>& claims, std::function<void()> done);

  /// The event log says that a request went back to its queue while we hold a claim on it: either the event
  /// is older than our claim, or another dispatcher gave the claim back. The store knows.
  void recheck_claim(RequestId request);
  /// Gives a claim back whose offer has expired or whose session has ended; harmless when neither is so.
  void release_or_declare_lost(RequestId request);
  /// Whatever is on this worker's slots under another session than its current one is given back.
  void settle_stale_slots(const std::string& worker);
  /// The same in a while: another dispatcher gets the time to settle what it has found.
  void settle_stale_slots_later(const std::string& worker);
  /// The lease of this worker has run out. @param gone  called when its session has ended
  void declare_worker_lost(const std::string& worker, std::function<void()> gone);
  void on_tick();

 private:
  void adopt_one(const std::string& worker, SessionId session, const wire::Claim& claim,
                 const store::Claimed& claimed, ConfigurationPtr configuration);
  void release(const wire::Claim& claim);
  void declare_lost(const store::Claimed& claimed);

  Context& c_;
  std::map<std::string, MonoTime> settle_at_;  ///< workers to look at, when
};

}  // namespace headrace::dispatcher
