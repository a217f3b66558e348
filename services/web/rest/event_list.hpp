// SPDX-License-Identifier: Apache-2.0
// GET /api/v2/events?after=N&topic=T&limit=L: the event log over HTTP. A subscriber of the bus that filters
// by topic cannot tell from the numbers which events it has missed, and reads them here.
#pragma once

#include <string>
#include <vector>

#include "json/value.hpp"
#include "web/rest/query.hpp"
#include "wire/event.hpp"

namespace headrace::web {

struct EventListRequest {
  static constexpr std::size_t kScan = 1000;  ///< events looked at for one answer

  EventNumber after;
  std::vector<std::string> topics;  ///< any of these or what is below; empty: all
  std::size_t limit = kScan;        ///< events given, at most kScan

  /// Errors: unknown parameter, a number that is none.
  [[nodiscard]] static Result<EventListRequest> read(const Parameters& parameters);
};

/// {"events": [{number, tag, topic, at, ids, body}], "meta": {"next": N, "more": bool, "trimmed": bool}}.
/// The next request has after = meta.next; with `more` it may come at once. `trimmed`: the event log no
/// longer reaches back to `after`, and the client has to load the state by other requests. `body` is the
/// record's MessagePack as JSON, `at` milliseconds.
/// @param scanned  up to kScan events of the event log from wanted.after + 1 on
json::Value event_list(const EventListRequest& wanted, const std::vector<wire::Event>& scanned);

}  // namespace headrace::web
