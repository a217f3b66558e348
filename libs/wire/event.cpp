// SPDX-License-Identifier: Apache-2.0
#include "wire/event.hpp"

#include "wire/unpack.hpp"

namespace headrace::wire {

Result<Event> decode_event(std::string_view envelope, std::string_view body) {
  auto handle = parse(envelope);
  if (!handle) return tl::unexpected(handle.error());
  const Object& o = handle->get();
  Event e;
  std::string why;
  if (o.type != object_type::ARRAY || o.via.array.size != 6) return fail("event envelope is no array of six");
  const Object* part = o.via.array.ptr;
  // An empty Lua table cannot say whether it is a map; cmsgpack writes it as an array.
  const bool no_ids = part[5].type == object_type::ARRAY && part[5].via.array.size == 0;
  if (!get(part[0], e.number, why) || !get(part[1], e.tag, why) || !get(part[2], e.previous_tag, why) ||
      !get(part[3], e.topic, why) || !get(part[4], e.at_ms, why) || (!no_ids && !get(part[5], e.ids, why)))
    return fail("event envelope: " + why);
  if (e.number.value <= 0) return fail("event number " + std::to_string(e.number.value) + " is not positive");
  e.body = body;
  return e;
}

std::vector<std::string> to_frames(const Event& event, std::string_view envelope) {
  return {event.topic, std::to_string(event.number.value), std::string(envelope), event.body};
}

Result<Event> event_from_frames(const std::vector<std::string>& frames) {
  if (frames.size() != 4) return fail("an event has 4 frames, got " + std::to_string(frames.size()));
  auto e = decode_event(frames[2], frames[3]);
  if (e && std::to_string(e->number.value) != frames[1])
    return fail("event number in its frame is '" + frames[1] + "', in its envelope " +
                std::to_string(e->number.value));
  return e;
}

}  // namespace headrace::wire
