// SPDX-License-Identifier: Apache-2.0
#include "web/rest/event_list.hpp"

#include <algorithm>
#include <charconv>

#include "limits/limits.hpp"
#include "wire/codec.hpp"

namespace headrace::web {
namespace {

Result<std::int64_t> number_in(const std::string& name, const std::string& text) {
  std::int64_t n = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), n);
  if (failed == std::errc{} && end == text.data() + text.size() && n >= 0 && n <= limits::kLargestNumber)
    return n;
  return fail("invalid " + name + " '" + text + "': a number from 0 is expected");
}

json::Value to_json(const wire::Event& e) {
  json::Object ids;
  for (const auto& [name, id] : e.ids) ids[name] = id;
  return json::Object{
      {"number", e.number.value},
      {"tag", e.tag},
      {"topic", e.topic},
      {"at", e.at_ms},
      {"ids", std::move(ids)},
      {"body", e.body.empty() ? json::Value() : wire::decode_value(e.body).value_or(nullptr)}};
}

}  // namespace

Result<EventListRequest> EventListRequest::read(const Parameters& parameters) {
  EventListRequest r;
  for (const auto& [name, value] : parameters) {
    if (name == "topic") {
      r.topics.push_back(value);
    } else if (name == "after" || name == "limit") {
      const auto n = number_in(name, value);
      if (!n) return tl::unexpected(n.error());
      if (name == "after")
        r.after = {*n};
      else
        r.limit = std::min(static_cast<std::size_t>(*n), kScan);
    } else {
      return fail("no such parameter '" + name + "': after, topic and limit are known");
    }
  }
  return r;
}

json::Value event_list(const EventListRequest& wanted, const std::vector<wire::Event>& scanned) {
  json::Array events;
  std::int64_t next = wanted.after.value;
  std::size_t bytes = 0;
  bool more = scanned.size() >= EventListRequest::kScan;
  for (const auto& e : scanned) {
    bytes += e.body.size();
    if (events.size() == wanted.limit || (bytes > limits::kAnswerBytes && !events.empty())) {
      more = true;
      break;
    }
    next = e.number.value;
    const bool chosen = wanted.topics.empty() || std::any_of(wanted.topics.begin(), wanted.topics.end(),
                                                             [&](const auto& t) { return e.is(t); });
    if (chosen) events.push_back(to_json(e));
  }
  const bool trimmed = !scanned.empty() && scanned.front().number.value > wanted.after.value + 1;
  return json::Object{{"events", std::move(events)},
                      {"meta", json::Object{{"next", next}, {"more", more}, {"trimmed", trimmed}}}};
}

}  // namespace headrace::web
