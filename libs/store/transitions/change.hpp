// SPDX-License-Identifier: Apache-2.0
// Changes in: functions/change.lua.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "store/call.hpp"
#include "wire/records.hpp"

namespace headrace::store {

/// Stores changes, once for each delivery; a poller's state moves in the same step.
/// Refused: stale (role, term or the poller's state is another), bad.
struct ChangeAdd {
  static constexpr std::string_view kFunction = "change_add";
  struct Poller {
    std::string role;  ///< that owns the poller, with its term
    std::int64_t term = 0;
    std::string name;
    std::string state_before;  ///< "" at first
    std::string state_after;
  };
  std::string delivery;  ///< key of the sender; "" when it has none. A repeat answers the first result.
  std::optional<Poller> poller;
  std::vector<wire::Change> changes;  ///< at most kMaxChangesPerCall; none only for a poller

  using Answer = std::vector<ChangeId>;  ///< in order
  Call call() const;
  static Outcome<Answer> read(const Reply& reply);
};

/// Says why a poller's last poll failed. Refused: stale (role, term), bad.
struct PollerReport {
  static constexpr std::string_view kFunction = "poller_report";
  std::string role;
  std::int64_t term = 0;
  std::string poller;
  std::string problem;  ///< "": it did not fail

  using Answer = Done;
  Call call() const;
  static Outcome<Answer> read(const Reply& reply);
};

}  // namespace headrace::store
