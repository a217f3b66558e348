// SPDX-License-Identifier: Apache-2.0
// Buildsets and their requests: functions/buildset.lua.
#pragma once

#include <optional>
#include <string>

#include "store/call.hpp"
#include "wire/records.hpp"

namespace headrace::store {

/// Makes a buildset and a request for each of its builders.
/// Refused: config, bad (more than kMaxRequestsPerBuildset requests).
struct BuildsetAdd {
  static constexpr std::string_view kFunction = "buildset_add";
  std::string repeat_key;  ///< a repeat within a day answers the first result; "": never a repeat
  ConfigVersion version;   ///< of the configuration the buildset was made with
  wire::Buildset set;

  struct Answer {
    BuildsetId buildset;
    RequestId first_request;  ///< the others follow in order
    std::int64_t count = 0;
  };
  Call call() const;
  static Outcome<Answer> read(const Reply& reply);
};

/// Where a request stands on its way: pending → offered → running → complete.
enum class RequestState { pending, offered, running, complete };
std::string_view request_state_name(RequestState state);
std::optional<RequestState> request_state_from_name(std::string_view name);

/// Cancels a request: pending and offered end at once, of a running build the wanted state is set.
/// Refused: gone (no such request, or it is complete).
struct RequestCancel {
  static constexpr std::string_view kFunction = "request_cancel";
  RequestId request;
  std::string reason;

  using Answer = RequestState;  ///< that the request was in
  Call call() const;
  static Outcome<Answer> read(const Reply& reply);
};

}  // namespace headrace::store
