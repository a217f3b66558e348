// SPDX-License-Identifier: Apache-2.0
#include "events/reader.hpp"

namespace headrace::events {

bool Reader::apply(wire::Event& event, std::vector<wire::Event>& out) {
  if (broken_ || event.number.value != cursor_.number.value + 1) return false;
  if (event.previous_tag != cursor_.tag) {
    broken_ = true;
    return false;
  }
  cursor_ = {event.number, event.tag};
  out.push_back(std::move(event));
  return true;
}

void Reader::apply_held(std::vector<wire::Event>& out) {
  while (!held_.empty()) {
    const auto first = held_.begin();
    if (first->first > EventNumber{cursor_.number.value + 1}) return;
    if (first->first.value == cursor_.number.value + 1) apply(first->second, out);
    if (broken_) return;
    held_.erase(first);
  }
  hole_since_.reset();
}

std::vector<wire::Event> Reader::on_event(wire::Event event, MonoTime now) {
  std::vector<wire::Event> out;
  if (broken_) return out;
  heard_ = now;
  if (event.number <= cursor_.number) {
    // The event of the cursor again, with another tag: the event log went back and grew anew.
    if (event.number == cursor_.number && event.tag != cursor_.tag) broken_ = true;
    return out;
  }
  if (!apply(event, out) && !broken_) {
    if (held_.size() < kMaxHeld) held_.emplace(event.number, std::move(event));
    if (!hole_since_) hole_since_ = now;
  }
  apply_held(out);
  return out;
}

std::vector<wire::Event> Reader::on_fetched(std::vector<wire::Event> events, MonoTime now) {
  std::vector<wire::Event> out;
  fetching_ = false;
  heard_ = now;
  if (broken_) return out;
  if (!events.empty() && events.front().number.value > cursor_.number.value + 1) {
    broken_ = true;  // trimmed
    return out;
  }
  for (auto& event : events)
    if (event.number > cursor_.number) apply(event, out);
  apply_held(out);
  if (!held_.empty()) hole_since_ = now;  // the hole is not filled by what was read: ask again soon
  return out;
}

bool Reader::wants_fetch(MonoTime now) {
  if (fetching_ || broken_ || now < next_look()) return false;
  fetching_ = true;
  return true;
}

MonoTime Reader::next_look() const { return hole_since_ ? *hole_since_ + kHoleWait : heard_ + kSilence; }

}  // namespace headrace::events
