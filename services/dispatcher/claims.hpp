// SPDX-License-Identifier: Apache-2.0
// The claims that this dispatcher drives. This class owns them. The other parts of the core name a claim by
// request and nonce, because the claim may be gone when an answer comes.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "dispatcher/active_build.hpp"
#include "dispatcher/workers.hpp"

namespace headrace::dispatcher {

class Claims {
 public:
  explicit Claims(Workers& workers) : workers_(workers) {}

  /// Adds a claim, in place of an older claim on the same request. The worker has to be connected.
  ActiveBuild& add(const std::string& worker, wire::Claim claim, const std::string& builder);
  void remove(RequestId request);
  ActiveBuild* find(RequestId request);
  /// Finds the claim only if its nonce is the same.
  ActiveBuild* find(const wire::Claim& claim);
  /// Finds the claim only if it is this worker's, too: a nonce that became known gives nobody a claim.
  ActiveBuild* find(const wire::Claim& claim, const std::string& worker);
  bool contains(RequestId request) const { return builds_.contains(request); }
  std::size_t size() const { return builds_.size(); }

  // Between these two calls a request is being adopted. A cancel that comes then is kept, although there is
  // no claim yet.
  void begin_adoption(RequestId request) { adopted_[request]; }
  /// @return the reason of a cancel that came during the adoption
  std::optional<std::string> end_adoption(RequestId request);
  /// Notes that the claim is to be cancelled. @return the claim, when there is one
  ActiveBuild* cancel(RequestId request, const std::string& reason);

 private:
  Workers& workers_;
  std::map<RequestId, ActiveBuild> builds_;
  std::map<RequestId, std::optional<std::string>> adopted_;  ///< requests in adoption → reason of a cancel
};

}  // namespace headrace::dispatcher
