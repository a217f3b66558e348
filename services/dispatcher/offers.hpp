// SPDX-License-Identifier: Apache-2.0
// Requests to workers: matching, offers, accepts.
//
// An offer goes to the store first, which takes the first worker of it that still has a place; then to that
// worker, with the whole plan. Nothing starts before the worker's accept is in the store as well.
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

  /// Offers what can be offered, if anything has changed that may allow it.
  void match();
  void on_accept(const std::string& worker, Link& link, const wire::Accept& message);
  void on_refuse(const std::string& worker, Link& link, const wire::Refuse& message);
  /// The request is complete.
  void forget(RequestId request) { refusals_.erase(request); }

 private:
  bool offer(RequestId request);
  void on_offered(const store::Offer& offer, const ConfigurationPtr& configuration,
                  const store::Outcome<store::Offer::Answer>& outcome);
  void on_not_offered(RequestId request, const store::Refusal& refusal);
  /// The build ends with EXCEPTION without troubling a worker.
  void end_unplannable(ActiveBuild& build, const std::string& reason);
  void on_accepted(const wire::Claim& claim, const store::Outcome<store::Accept::Answer>& outcome);

  Context& c_;
  std::map<RequestId, int> refusals_;  ///< by workers, in a row
};

}  // namespace headrace::dispatcher
