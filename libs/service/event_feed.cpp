// SPDX-License-Identifier: Apache-2.0
#include "service/event_feed.hpp"

#include <boost/asio/post.hpp>

namespace headrace::service {
namespace {

constexpr int kFetch = 500;            // events read from the log at once
constexpr milliseconds kFollow{1000};  // a blocking read lasts at most so long
constexpr milliseconds kCalm{1};       // after one that brought only events of one's own

// Entries of the stream: [id, [e, envelope, b, body]].
Result<std::vector<wire::Event>> decode(const std::vector<store::RedisReply>& entries) {
  std::vector<wire::Event> out;
  for (const auto& entry : entries) {
    if (entry.items.size() != 2 || entry.items[1].items.size() != 4)
      return fail("an entry of the event log has another form");
    const auto& f = entry.items[1].items;
    auto event = wire::decode_event(f[1].text, f[3].text);
    if (!event) return fail("event " + entry.items[0].text + ": " + event.error().text);
    out.push_back(std::move(*event));
  }
  return out;
}

}  // namespace

EventFeed::EventFeed(boost::asio::io_context& io, store::Client& store, EventSink sink)
    : io_(io), store_(store), sink_(std::move(sink)), look_timer_(io) {}

void EventFeed::follow_log(store::Settings settings, milliseconds calm) {
  log_ = std::make_unique<store::Client>(io_, std::move(settings));
  calm_ = calm;
}

void EventFeed::connect(std::function<void()> up, std::function<void(std::string)> lost) {
  if (!log_) return up();
  log_->connect(std::move(up), std::move(lost));
}

void EventFeed::disconnect() {
  if (log_) log_->disconnect();
}

void EventFeed::start(events::Cursor cursor) {
  // As if nothing had been heard for long: the log is read at once.
  reader_.emplace(std::move(cursor), mono_now() - events::Reader::kSilence);
  any_ = true;
  boost::asio::post(io_, [this, life = life_] {
    if (life != life_) return;
    drained();
    if (life != life_) return;
    log_ ? follow() : look();
  });
}

void EventFeed::stop() {
  ++life_;
  reader_.reset();
  followed_.reset();
  any_ = held_ = false;
  look_timer_.cancel();
}

void EventFeed::take(wire::Event event) {
  if (!reader_) return;
  give(reader_->on_event(std::move(event), mono_now()));
  plan_look();
}

void EventFeed::give(std::vector<wire::Event> list) {
  const auto life = life_;
  for (const auto& event : list) {
    any_ = true;
    sink_.event(event);
    if (life != life_) return;
  }
  if (reader_->broken()) sink_.broken();
}

void EventFeed::drained() {
  if (!reader_ || !any_) return;
  any_ = false;
  sink_.drained();
}

// ---- the bus, and the log behind it ----

void EventFeed::plan_look() {
  if (!reader_ || log_) return;
  const auto at = std::chrono::steady_clock::time_point(reader_->next_look().time_since_epoch());
  if (look_timer_.expiry() == at) return;
  look_timer_.expires_at(at);
  look_timer_.async_wait([this](const boost::system::error_code& e) {
    if (!e) look();
  });
}

void EventFeed::look() {
  if (!reader_) return;
  if (!reader_->wants_fetch(mono_now())) return plan_look();
  fetch();
}

void EventFeed::fetch() {
  const auto from = std::to_string(reader_->cursor().number.value + 1) + "-0";
  store_.command({"XRANGE", store_.keys()("events"), from, "+", "COUNT", std::to_string(kFetch)},
                 [this, life = life_](store::RedisReply r) {
                   if (life != life_) return;
                   if (r.is_error()) return sink_.failed("reading the event log: " + r.text);
                   auto list = decode(r.items);
                   if (!list) return sink_.failed(list.error().text);
                   give(reader_->on_fetched(std::move(*list), mono_now()));
                   if (life == life_) drained();
                   if (life != life_) return;
                   if (r.items.size() == kFetch && reader_->fetch_again()) return fetch();
                   plan_look();
                 });
}

// ---- the log itself ----

// An answer comes with the next event, or empty-handed.
void EventFeed::follow() {
  log_->command({"XREAD", "COUNT", std::to_string(kFetch), "BLOCK", std::to_string(kFollow.count()),
                 "STREAMS", store_.keys()("events"), std::to_string(reader_->cursor().number.value) + "-0"},
                [this, life = life_](store::RedisReply r) {
                  if (life != life_) return;
                  if (r.is_error()) return sink_.failed("reading the event log: " + r.text);
                  // [[stream, entries]], or nothing at all after kFollow.
                  if (r.items.empty() || r.items[0].items.size() != 2) return follow();
                  auto list = decode(r.items[0].items[1].items);
                  if (!list) return sink_.failed(list.error().text);
                  followed_ = std::move(*list);
                  if (held_) return;
                  give_followed();
                  if (life == life_) drained();
                });
}

void EventFeed::hold(bool held) {
  held_ = held;
  if (!held) give_followed();
}

void EventFeed::give_followed() {
  if (!followed_) return;
  const auto life = life_;
  auto news = reader_->on_fetched(*std::exchange(followed_, std::nullopt), mono_now());
  const bool any_news = !news.empty();
  give(std::move(news));
  if (life != life_) return;
  // Under load the log is full of what this process has just committed itself: more of it at a time then.
  const auto pause = any_news ? calm_ : std::max(calm_, kCalm);
  if (pause.count() == 0) return follow();
  look_timer_.expires_after(pause);
  look_timer_.async_wait([this, life](const boost::system::error_code& e) {
    if (!e && life == life_) follow();
  });
}

}  // namespace headrace::service
