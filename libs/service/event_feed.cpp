// SPDX-License-Identifier: Apache-2.0
#include "service/event_feed.hpp"

#include <algorithm>
#include <utility>

#include "service/delays.hpp"

namespace headrace::service {

void EventFeed::start(events::Cursor cursor, MonoTime now) {
  stop();
  if (source_ == EventSource::none) return;
  // As if nothing had been heard for long: the event log is read at once.
  reader_.emplace(std::move(cursor), now - events::Reader::kSilence);
  next_follow_ = now;
}

void EventFeed::stop() {
  reader_.reset();
  followed_.reset();
  out_.clear();
  reading_ = more_ = held_ = false;
}

void EventFeed::on_event(wire::Event event, MonoTime now) {
  if (reader_) add(reader_->on_event(std::move(event), now));
}

void EventFeed::on_read(std::vector<wire::Event> events, MonoTime now) {
  if (!reader_) return;
  reading_ = false;
  if (source_ == EventSource::event_log) {
    if (events.empty()) return;  // the blocking read ended with its time
    if (held_)
      followed_ = std::move(events);
    else
      add_followed(std::move(events), now);
    return;
  }
  const bool full = events.size() == kMaxRead;
  add(reader_->on_fetched(std::move(events), now));
  more_ = full && reader_->fetch_again();
}

void EventFeed::hold(bool held, MonoTime now) {
  held_ = held;
  if (!held && followed_) add_followed(*std::exchange(followed_, std::nullopt), now);
}

void EventFeed::add_followed(std::vector<wire::Event> events, MonoTime now) {
  auto news = reader_->on_fetched(std::move(events), now);
  next_follow_ = now + (news.empty() ? std::max(follow_pause_, kFollowPauseOwn) : follow_pause_);
  add(std::move(news));
}

void EventFeed::add(std::vector<wire::Event> events) {
  if (out_.empty())
    out_ = std::move(events);
  else
    std::move(events.begin(), events.end(), std::back_inserter(out_));
}

std::vector<wire::Event> EventFeed::take() { return std::exchange(out_, {}); }

std::optional<EventsRead> EventFeed::wants_read(MonoTime now) {
  if (!reader_ || reading_ || reader_->broken()) return {};
  const bool wants = source_ == EventSource::event_log
                         ? !followed_ && now >= next_follow_
                         : std::exchange(more_, false) || reader_->wants_fetch(now);
  if (!wants) return {};
  reading_ = true;
  return EventsRead{reader_->cursor().number, kMaxRead,
                    source_ == EventSource::event_log ? kFollowLimit : milliseconds(0)};
}

std::optional<MonoTime> EventFeed::next_look() const {
  if (!reader_ || reading_ || reader_->broken()) return {};
  if (source_ == EventSource::event_log) return followed_ ? std::nullopt : std::optional(next_follow_);
  return reader_->next_look();
}

}  // namespace headrace::service
