// SPDX-License-Identifier: Apache-2.0
// The open requests as this dispatcher knows them, and the order in which the pending ones are offered.
#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "clock/clock.hpp"
#include "wire/records.hpp"

namespace headrace::dispatcher {

/// Shared by the requests of the buildset.
using BuildsetPtr = std::shared_ptr<const wire::Buildset>;

/// The part of a request that matching and planning need.
struct OpenRequest {
  RequestId id;
  std::string builder;
  std::int64_t priority = 0;
  std::int64_t submitted_ms = 0;
  BuildsetPtr buildset;
};

class PendingQueue {
 public:
  /// Adds or replaces an open request. @param pending  false when the request is offered or running
  void add(OpenRequest request, bool pending);
  /// Puts a request back to its place in the queue. Unknown requests are ignored.
  void make_pending(RequestId id);
  /// Takes a request out of the queue, because it is offered or running, here or at another dispatcher.
  void take(RequestId id);
  /// Forgets a request, which is complete.
  void remove(RequestId id);
  /// Keeps a request from being offered before `until`, because another dispatcher was quicker or a worker
  /// refused.
  void delay(RequestId id, MonoTime until);

  const OpenRequest* find(RequestId id) const;
  bool is_pending(RequestId id) const;
  std::size_t pending_count() const { return pending_count_; }
  std::size_t open_count() const { return open_.size(); }

  /// A builder's next request, as it competes with those of other builders: the highest priority first, then
  /// the oldest, then by the builder's name.
  struct Head {
    std::int64_t minus_priority = 0, submitted_ms = 0;
    std::string builder;
    RequestId request;
    auto operator<=>(const Head&) const = default;
  };
  /// The heads of all builders that have one, in no order.
  std::vector<Head> heads(MonoTime now) const;
  std::optional<Head> head_of(const std::string& builder, MonoTime now) const;
  /// The request of a builder that is to be offered next: of the pending requests without a delay, the one
  /// with the highest priority, then with the lowest id.
  std::optional<RequestId> next_of_builder(const std::string& builder, MonoTime now) const;
  /// Ends the delays that are over by `now`.
  void drop_expired_delays(MonoTime now);
  /// When the first delayed request may be offered again.
  std::optional<MonoTime> next_delay() const;

 private:
  struct Place {
    std::int64_t minus_priority;
    RequestId id;
    auto operator<=>(const Place&) const = default;
  };
  std::map<RequestId, OpenRequest> open_;
  std::map<std::string, std::set<Place>> pending_;
  std::map<RequestId, MonoTime> delayed_;
  std::size_t pending_count_ = 0;
};

}  // namespace headrace::dispatcher
