// SPDX-License-Identifier: Apache-2.0
#include "service/session.hpp"

#include <algorithm>
#include <utility>

#include "service/delays.hpp"
#include "store/transitions/lease.hpp"

namespace headrace::service {
namespace {

constexpr seconds kTick{1};
constexpr seconds kConnectLimit{10};  // a connection that is not up by then counts as lost
constexpr seconds kStuck{5};          // a batch in flight for longer: not healthy
constexpr seconds kDead{30};          // … for longer: the connection counts as lost
constexpr milliseconds kRetryFirst{50}, kRetryMax{1000};
constexpr milliseconds kReloadFirst{50}, kReloadMax{1000};
constexpr seconds kReloadRest{5};  // without a reload, until the next one is done at once again

bool reached(const std::optional<MonoTime>& when, MonoTime now) { return when && *when <= now; }

// What stays to be done when the state is thrown away.
bool outlives_state(const Action& a) {
  return std::holds_alternative<action::Unload>(a) || std::holds_alternative<action::Note>(a) ||
         std::holds_alternative<action::Publish>(a) || std::holds_alternative<action::PostTurn>(a) ||
         std::holds_alternative<action::Disconnect>(a);
}

}  // namespace

Session::Session(SessionOptions options)
    : options_(options), feed_(options.event_source, options.follow_pause), retry_(kRetryFirst) {}

void Session::note(action::Note::Level level, std::string text) {
  queue_.push_back(action::Note{level, std::move(text)});
}

void Session::want_turn() {
  if (!std::exchange(turn_wanted_, true)) queue_.push_back(action::PostTurn{});
}

void Session::on_started(MonoTime now) {
  tick_at_ = now + kTick;
  connect(now);
}

void Session::connect(MonoTime now) {
  connection_ = Connection::connecting;
  connecting_since_ = now;
  queue_.push_back(action::Connect{});
}

void Session::on_connected(MonoTime) {
  if (connection_ != Connection::connecting) return;
  connection_ = Connection::up;
  connecting_since_.reset();
  retry_ = kRetryFirst;
  down_reason_.clear();
  note(action::Note::Level::info, "connected to Redis");
  queue_.push_back(action::Load{});
}

void Session::on_lost(const std::string& reason, MonoTime now) {
  if (connection_ == Connection::down) return;  // told by the other connection already
  if (down_reason_.empty()) note(action::Note::Level::warn, "connection to Redis lost reason=" + reason);
  down_reason_ = "Redis: " + reason;
  connection_ = Connection::down;
  connecting_since_.reset();
  load_at_.reset();
  throw_away();
  queue_.push_back(action::Disconnect{});
  if (stopping_) return;
  connect_at_ = now + retry_;
  retry_ = std::min(retry_ * 2, kRetryMax);
}

void Session::reload(const std::string& reason, MonoTime now) {
  if (!connected()) return;
  note(action::Note::Level::warn, "state is loaded again reason=" + reason);
  throw_away();
  // What made it necessary may still be there afterwards: then not as fast as the machine can.
  reload_wait_ = !reloaded_ || now - *reloaded_ > kReloadRest
                     ? milliseconds(0)
                     : std::clamp(reload_wait_ * 2, kReloadFirst, kReloadMax);
  load_at_ = now + reload_wait_;
}

void Session::throw_away() {
  generation_.renew();
  feed_.stop();
  batch_.clear();
  start_from_.reset();
  in_flight_since_.reset();
  flush_ = any_event_ = false;
  std::erase_if(queue_, [](const Action& a) { return !outlives_state(a); });
  if (!std::exchange(loaded_, false)) return;
  unloading_ = true;
  queue_.push_back(action::Unload{});
}

void Session::on_loaded(events::Cursor cursor) {
  loaded_ = true;
  note(action::Note::Level::info, "loaded event=" + std::to_string(cursor.number.value));
  start_from_ = std::move(cursor);
  want_turn();
}

void Session::commit(store::Call call, store::Batch::Done done) {
  if (!takes_calls()) return;
  batch_.add(std::move(call), std::move(done));
  if (!batch_.in_flight() && !flush_) want_turn();
}

void Session::on_committed(std::vector<store::Reply> replies, MonoTime now) {
  in_flight_since_.reset();
  for (auto& reply : replies) keep_for_bus(reply, now);
  for (auto& [done, reply] : batch_.end(std::move(replies))) {
    // A service hears of its own events from here, without the way over the bus.
    auto events = std::move(reply.events);
    if (done) queue_.push_back(action::GiveAnswer{std::move(done), std::move(reply)});
    for (auto& event : events) feed_.on_event(std::move(event), now);
    collect_events();
  }
  feed_.hold(false, now);
  collect_events();
  drained();
  flush_ = true;
}

void Session::keep_for_bus(store::Reply& reply, MonoTime now) {
  if (!options_.publishes || reply.events.empty()) return;
  if (to_publish_.empty()) publish_at_ = now + kPublishDelay;
  for (std::size_t i = 0; i < reply.events.size(); ++i)
    to_publish_.push_back({reply.events[i], std::move(reply.envelopes[i])});
}

void Session::publish_now() {
  publish_at_.reset();
  if (!to_publish_.empty()) queue_.push_back(action::Publish{std::exchange(to_publish_, {})});
}

void Session::on_event(wire::Event event, MonoTime now) {
  if (!loaded_) return;
  feed_.on_event(std::move(event), now);
  collect_events();
}

void Session::on_bus_drained() { drained(); }

void Session::on_events_read(Result<std::vector<wire::Event>> events, MonoTime now) {
  if (!events) return reload("reading the event log: " + events.error().text, now);
  feed_.on_read(std::move(*events), now);
  collect_events();
  drained();
}

void Session::collect_events() {
  for (auto& event : feed_.take()) {
    any_event_ = true;
    queue_.push_back(action::GiveEvent{std::move(event)});
  }
  if (!feed_.broken()) return;
  feed_.stop();
  any_event_ = false;
  queue_.push_back(action::EventLogBroken{});
}

void Session::drained() {
  if (std::exchange(any_event_, false)) queue_.push_back(action::EventsDrained{});
}

void Session::on_turn(MonoTime now) {
  turn_wanted_ = false;
  flush_ = true;
  if (!start_from_) return;
  feed_.start(*std::exchange(start_from_, std::nullopt), now);
  any_event_ = true;
  drained();
}

void Session::on_time(MonoTime now) {
  if (reached(publish_at_, now)) publish_now();
  if (connecting_since_ && now - *connecting_since_ >= kConnectLimit)
    on_lost("no connection within " + std::to_string(kConnectLimit.count()) + " s", now);
  if (reached(connect_at_, now)) {
    connect_at_.reset();
    connect(now);
  }
  if (reached(load_at_, now)) {
    load_at_.reset();
    reloaded_ = now;
    queue_.push_back(action::Load{});
  }
  if (reached(tick_at_, now)) tick(now);
}

void Session::tick(MonoTime now) {
  tick_at_ = now + kTick;
  if (in_flight_since_ && now - *in_flight_since_ > kDead)
    on_lost("no answer for " + std::to_string(kDead.count()) + " s", now);
  if (!loaded_) return;
  if (options_.lease_clock == LeaseClock::roles) commit(store::Tick{store::LeaseClock::roles}.call(), {});
  queue_.push_back(action::Tick{});
}

void Session::on_stop() {
  stopping_ = true;
  tick_at_.reset();
  connect_at_.reset();
}

std::optional<Action> Session::next(MonoTime now) {
  const auto performed = std::exchange(performing_, Performing::nothing);
  if (performed == Performing::unload) unloading_ = false;
  if (performed == Performing::event_log_broken) reload("the event log went back behind what was read", now);

  if (queue_.empty() && std::exchange(flush_, false)) {
    if (auto calls = batch_.begin(); !calls.empty()) {
      in_flight_since_ = now;
      feed_.hold(true, now);
      queue_.push_back(action::Commit{std::move(calls)});
    }
  }
  if (queue_.empty())
    if (const auto read = feed_.wants_read(now)) queue_.push_back(action::ReadEvents{*read});
  if (queue_.empty()) return {};
  auto out = std::move(queue_.front());
  queue_.pop_front();
  if (std::holds_alternative<action::Unload>(out)) performing_ = Performing::unload;
  if (std::holds_alternative<action::EventLogBroken>(out)) performing_ = Performing::event_log_broken;
  return out;
}

std::optional<MonoTime> Session::next_wake() const {
  std::optional<MonoTime> out;
  const auto consider = [&](const std::optional<MonoTime>& when) {
    if (when && (!out || *when < *out)) out = when;
  };
  for (const auto& when : {connect_at_, load_at_, tick_at_, publish_at_, feed_.next_look()}) consider(when);
  if (connecting_since_) consider(*connecting_since_ + kConnectLimit);
  return out;
}

std::string Session::why_unhealthy(MonoTime now) const {
  if (!down_reason_.empty()) return down_reason_;
  if (!loaded_) return "loading state";
  if (in_flight_since_ && now - *in_flight_since_ > kStuck) return "Redis does not answer";
  return "";
}

}  // namespace headrace::service
