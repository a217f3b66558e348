// SPDX-License-Identifier: Apache-2.0
#include "store/state/events.hpp"

#include "store/fields.hpp"

namespace headrace::store {
namespace {

using Answers = std::vector<RedisReply>;
using Commands = std::vector<Words>;
using Events = std::vector<wire::Event>;

std::string stream_id(EventNumber number) { return std::to_string(number.value) + "-0"; }

// An entry of the stream: [id, [e, envelope, b, body]].
Result<Events> events_in(const std::vector<RedisReply>& entries) {
  Events out;
  for (const auto& entry : entries) {
    if (entry.items.size() != 2 || entry.items[1].items.size() != 4)
      return fail("an entry of the event log has another form");
    auto event = wire::decode_event(entry.items[1].items[1].text, entry.items[1].items[3].text);
    if (!event) return tl::unexpected(event.error());
    out.push_back(std::move(*event));
  }
  return out;
}

Read<wire::Cursor> cursor_of(std::function<std::string(const KeyNames&)> key) {
  return one_round<wire::Cursor>(
      [key = std::move(key)](const KeyNames& keys) {
        return Commands{{"HMGET", key(keys), "n", "tag"}};
      },
      [](Answers r) -> Result<wire::Cursor> {
        const auto& c = r[0].items;
        return wire::Cursor{{number_in(c.at(0).text)}, c.at(1).text};
      });
}

}  // namespace

Read<wire::Cursor> head() {
  return cursor_of([](const KeyNames& keys) { return keys("head"); });
}

Read<wire::Cursor> scheduler_cursor() {
  return cursor_of([](const KeyNames& keys) { return keys("cursor:scheduler"); });
}

Read<wire::Cursor> reporter_cursor(std::string reporter) {
  return cursor_of(
      [reporter = std::move(reporter)](const KeyNames& keys) { return keys("cursor:reporter", reporter); });
}

Read<Events> events_after(EventNumber after, std::size_t limit) {
  return one_round<Events>(
      [=](const KeyNames& keys) {
        return Commands{
            {"XRANGE", keys("events"), stream_id({after.value + 1}), "+", "COUNT", std::to_string(limit)}};
      },
      [](Answers r) { return events_in(r[0].items); });
}

Read<Events> await_events_after(EventNumber after, std::size_t limit, milliseconds wait) {
  return one_round<Events>(
      [=](const KeyNames& keys) {
        return Commands{{"XREAD", "COUNT", std::to_string(limit), "BLOCK", std::to_string(wait.count()),
                         "STREAMS", keys("events"), stream_id(after)}};
      },
      [](Answers r) -> Result<Events> {
        // [[stream, entries]], or nothing at all after `wait`.
        if (r[0].items.empty() || r[0].items[0].items.size() != 2) return Events{};
        return events_in(r[0].items[0].items[1].items);
      });
}

Read<std::optional<wire::Event>> event_at(EventNumber number) {
  return one_round<std::optional<wire::Event>>(
      [=](const KeyNames& keys) {
        return Commands{{"XRANGE", keys("events"), stream_id(number), stream_id(number)}};
      },
      [](Answers r) -> Result<std::optional<wire::Event>> {
        auto found = events_in(r[0].items);
        if (!found) return tl::unexpected(found.error());
        if (found->empty()) return std::optional<wire::Event>();
        return std::optional(std::move(found->front()));
      });
}

Read<EventNumber> first_event() {
  return one_round<EventNumber>(
      [](const KeyNames& keys) {
        return Commands{{"XRANGE", keys("events"), "-", "+", "COUNT", "1"}};
      },
      [](Answers r) -> Result<EventNumber> {
        if (r[0].items.empty()) return EventNumber{};
        const auto& id = r[0].items[0].items.at(0).text;
        return EventNumber{number_in(std::string_view(id).substr(0, id.find('-')))};
      });
}

}  // namespace headrace::store
