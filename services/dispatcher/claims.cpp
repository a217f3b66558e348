// SPDX-License-Identifier: Apache-2.0
#include "dispatcher/claims.hpp"

namespace headrace::dispatcher {

ActiveBuild& Claims::add(const std::string& worker, wire::Claim claim, const std::string& builder) {
  remove(claim.request);
  workers_.add_claim(worker, claim.request, builder);
  auto& build = builds_[claim.request];
  build.claim = std::move(claim);
  build.worker = worker;
  build.build.builder = builder;
  return build;
}

void Claims::remove(RequestId request) {
  const auto found = builds_.find(request);
  if (found == builds_.end()) return;
  workers_.remove_claim(found->second.worker, request, found->second.build.builder);
  builds_.erase(found);
}

ActiveBuild* Claims::find(RequestId request) {
  const auto found = builds_.find(request);
  return found == builds_.end() ? nullptr : &found->second;
}

ActiveBuild* Claims::find(const wire::Claim& claim) {
  auto* found = find(claim.request);
  return found && found->claim == claim ? found : nullptr;
}

ActiveBuild* Claims::find(const wire::Claim& claim, const std::string& worker) {
  auto* found = find(claim);
  return found && found->worker == worker ? found : nullptr;
}

std::optional<std::string> Claims::end_adoption(RequestId request) {
  auto node = adopted_.extract(request);
  return node ? node.mapped() : std::nullopt;
}

ActiveBuild* Claims::cancel(RequestId request, const std::string& reason) {
  if (const auto adopted = adopted_.find(request); adopted != adopted_.end()) adopted->second = reason;
  auto* build = find(request);
  if (build) build->cancel_reason = reason;
  return build;
}

}  // namespace headrace::dispatcher
