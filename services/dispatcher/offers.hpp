// SPDX-License-Identifier: Apache-2.0
// Requests to workers: matching, offers, accepts.
//
// An offer names several workers and goes to the store first. The store takes the first worker that still has
// a place. Then that worker gets the offer, with the whole plan. The build starts only when the worker's
// accept is in the store, too.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "dispatcher/context.hpp"
#include "store/transitions/build.hpp"

namespace headrace::dispatcher {

class Offers {
 public:
  explicit Offers(Context& context) : c_(context) {}

  /// Offers pending requests to free workers, if something has changed since the last time that may allow an
  /// offer.
  void match();
  void on_accept(const std::string& worker, Link& link, const wire::Accept& message);
  void on_refuse(const std::string& worker, Link& link, const wire::Refuse& message);
  /// Forgets a request that is complete.
  void forget(RequestId request) { refusals_.erase(request); }

 private:
  bool offer(RequestId request);
  void on_offered(const store::Offer& offer, const ConfigurationPtr& configuration,
                  const store::Outcome<store::Offer::Answer>& outcome);
  void on_not_offered(RequestId request, const store::Refusal& refusal);
  /// Ends the build with EXCEPTION. No worker gets it.
  void end_unplannable(ActiveBuild& build, const std::string& reason);
  void on_accepted(const wire::Claim& claim, const store::Outcome<store::Accept::Answer>& outcome);

  Context& c_;
  std::map<RequestId, int> refusals_;  ///< request → number of refusals by workers, one after the other
};

}  // namespace headrace::dispatcher
