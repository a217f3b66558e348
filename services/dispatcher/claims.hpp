// SPDX-License-Identifier: Apache-2.0
// The claims that this dispatcher drives. A claim is owned here; others name it by request and nonce, because
// it may be gone when an answer comes.
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

  /// Takes the place of an older claim on the same request. The worker is connected.
  ActiveBuild& add(const std::string& worker, wire::Claim claim, const std::string& builder);
  void remove(RequestId request);
  ActiveBuild* find(RequestId request);
  /// Only under this nonce.
  ActiveBuild* find(const wire::Claim& claim);
  bool contains(RequestId request) const { return builds_.contains(request); }
  std::size_t size() const { return builds_.size(); }

  // A request is being adopted: its cancel must not be lost, although there is no claim yet.
  void begin_adoption(RequestId request) { adopted_[request]; }
  /// @return what was wanted meanwhile
  std::optional<std::string> end_adoption(RequestId request);
  /// The claim is to be cancelled. @return it, when there is one
  ActiveBuild* cancel(RequestId request, const std::string& reason);

 private:
  Workers& workers_;
  std::map<RequestId, ActiveBuild> builds_;
  std::map<RequestId, std::optional<std::string>> adopted_;  ///< being adopted: the reason of a cancel
};

}  // namespace headrace::dispatcher
