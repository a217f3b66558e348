// SPDX-License-Identifier: Apache-2.0
#include "notifier/outbox.hpp"

#include <algorithm>

#include "log/log.hpp"
#include "notifier/reporters/reporter_kind.hpp"
#include "store/transitions/outbox.hpp"

namespace headrace::notifier {
namespace {

constexpr std::size_t kMaxReady = 256;
constexpr int kMaxKick = 1000;
constexpr std::int64_t kSetBackMs = 10'000;  // less is an answer that took its time
constexpr seconds kComplainEvery{60};

std::mt19937 seed_of(const std::string& text) {
  std::seed_seq seed(text.begin(), text.end());
  return std::mt19937(seed);
}

}  // namespace

Outbox::Outbox(service::House& house, Transport& transport, std::string reporter)
    : house_(house),
      transport_(transport),
      name_(std::move(reporter)),
      random_(seed_of(house.instance() + name_)) {
  house_.metrics().gauge(metric("outbox"), "messages that wait to be sent",
                         [this] { return static_cast<double>(size_); });
}

std::string Outbox::metric(const std::string& name) const {
  std::string label;
  for (const char c : name_) label += c == '"' || c == '\\' ? std::string("\\") + c : std::string(1, c);
  return "headrace_notifier_" + name + "{reporter=\"" + label + "\"}";
}

int Outbox::count(State state) const {
  return static_cast<int>(
      std::count_if(states_.begin(), states_.end(), [&](const auto& s) { return s.second == state; }));
}

void Outbox::activate(const config::Reporter& reporter, std::int64_t term) {
  deactivate();
  const auto* kind = find_reporter_kind(reporter.kind);
  if (!kind) return;  // the service gives no such reporter
  const auto receiver = kind->receiver(reporter.options);
  if (reporter.kind != kind_ || receiver != receiver_) {
    failures_ = 0;
    pause_until_ = {};
  }
  kind_ = reporter.kind;
  receiver_ = receiver;
  sender_ = kind->sender(reporter.options, transport_);
  term_ = term;
  for (const auto& [key, state] : states_)
    if (state == State::delivered) commit_done(key);
  try_everything();
}

void Outbox::try_everything() {
  house_.read(store::first_messages(name_, kMaxKick), active_.guard([this](std::vector<std::string> keys) {
    held_back_.insert(held_back_.end(), keys.begin(), keys.end());
    look();
  }));
}

void Outbox::deactivate() {
  active_.renew();
  term_ = 0;
  looking_ = false;
  ready_.clear();
  held_back_.clear();
  std::erase_if(states_,
                [](const auto& s) { return s.second != State::sending && s.second != State::delivered; });
}

void Outbox::stop(std::function<void()> idle) {
  stopping_ = true;
  idle_ = std::move(idle);
  check_idle();
}

void Outbox::check_idle() {
  if (!stopping_ || !idle_ || count(State::sending) || (term_ && count(State::delivered))) return;
  std::exchange(idle_, nullptr)();
}

void Outbox::look() {
  if (!term_ || looking_ || stopping_) return;
  looking_ = true;
  // Redis's clock decides, as it did when the message was put off.
  house_.read(store::due_messages(name_, kMaxReady + states_.size()),
              active_.guard([this](const store::DueMessages& due) {
                looking_ = false;
                size_ = due.size;
                const auto now = house_.now();
                // What was put off before would wait until Redis's clock is there again.
                const bool set_back = clock_.known() && due.now_ms < clock_.ms(now) - kSetBackMs;
                clock_.read(due.now_ms, now);
                if (set_back) try_everything();
                take_due(due);
              }));
}

void Outbox::take_due(const store::DueMessages& due) {
  for (const auto& key : due.keys)
    if (states_.emplace(key, State::ready).second) ready_.push_back(key);
  pump();
}

void Outbox::pump() {
  if (!term_ || stopping_ || house_.now() < pause_until_) return;
  // A receiver that was away is asked with one message first. Those it made wait come after its yes, or now
  // when there are no others.
  if (failures_ == 0 || ready_.empty()) {
    for (const auto& key : held_back_)
      if (states_.emplace(key, State::ready).second) ready_.push_back(key);
    held_back_.clear();
  }
  const int limit = failures_ ? 1 : kMaxUnderWay;
  while (!ready_.empty() && count(State::sending) + count(State::fetching) < limit) {
    const std::string key = std::move(ready_.front());
    ready_.pop_front();
    fetch(key);
  }
}

void Outbox::fetch(const std::string& key) {
  states_[key] = State::fetching;
  house_.read(store::outbox_message(name_, key),
              active_.guard([this, key](const std::optional<store::StoredMessage>& stored) {
                if (stored && !stopping_) return send(key, *stored);
                states_.erase(key);  // done with meanwhile
                pump();
              }));
}

void Outbox::send(const std::string& key, const store::StoredMessage& stored) {
  states_[key] = State::sending;
  const auto tries = stored.tries;
  const auto give_up = [&](std::string reason) {
    Message message;
    message.key = key;
    on_delivery(message, tries, {Verdict::hopeless, std::move(reason)});
  };
  auto message = decode_message(key, stored.body);
  if (!message) return give_up(message.error().text);
  if (message->kind != kind_)
    return give_up("the reporter sends " + kind_ + " now, the message is of kind " + message->kind);
  spdlog::debug("sending reporter={} message={} tries={}", name_, key, tries);
  sender_->send(*message, [this, m = *message, tries](const Delivery& d) { on_delivery(m, tries, d); });
}

void Outbox::on_delivery(const Message& message, std::int64_t tries, const Delivery& delivery) {
  // Both times are Redis's. The clock of this machine may be set to anything.
  const std::int64_t age_ms = clock_.ms(house_.now()) - message.at_ms;
  if (delivery.verdict == Verdict::delivered) {
    spdlog::info("report delivered reporter={} message={}", name_, message.key);
    if (!delivery.reason.empty())
      spdlog::warn("some recipients were refused reporter={} message={} answer={}", name_, message.key,
                   delivery.reason);
    house_.metrics().count(metric("sent_total"));
    if (failures_) spdlog::info("receiver is back reporter={}", name_);
    failures_ = 0;
    pause_until_ = {};
    mark_delivered(message.key);
  } else if (delivery.verdict == Verdict::hopeless ||
             age_ms > milliseconds(patience(delivery.verdict)).count()) {
    spdlog::error("report given up reporter={} message={} age_s={} reason={}", name_, message.key,
                  age_ms / 1000, delivery.reason);
    house_.metrics().count(metric("given_up_total"));
    mark_delivered(message.key);
  } else {
    house_.metrics().count(metric("failed_total"));
    retry_later(message, tries, delivery);
  }
  pump();
  if (term_ && ready_.empty() && !stopping_) look();
  check_idle();
}

void Outbox::mark_delivered(const std::string& key) {
  states_[key] = State::delivered;
  if (term_) commit_done(key);
}

void Outbox::commit_done(const std::string& key) {
  house_.commit(store::OutboxDone{name_, term_, key}, active_.guard([this, key](const auto& outcome) {
    // "gone": it was stored by a commit whose answer was lost.
    if (!outcome && outcome.error().why != store::Refused::gone) return on_refusal(key, outcome.error());
    states_.erase(key);
    check_idle();
  }));
}

// Another process has the role, or the store is not what we believe: nothing more until the service knows.
void Outbox::on_refusal(const std::string& key, const store::Refusal& refusal) {
  spdlog::warn("outcome of a report was not stored reporter={} message={} reason={}", name_, key,
               refusal.text);
  deactivate();
  check_idle();
}

void Outbox::retry_later(const Message& message, std::int64_t tries, const Delivery& delivery) {
  const double random = std::uniform_real_distribution<>(0, 1)(random_);
  const auto now = house_.now();
  milliseconds delay = std::max<milliseconds>(backoff(tries + 1, random), delivery.retry_after);
  if (delivery.verdict == Verdict::away) {
    // Several messages that fail together are one failure of the receiver.
    if (now >= pause_until_) ++failures_;
    delay = std::max<milliseconds>(backoff(failures_, random), delivery.retry_after);
    pause_until_ = std::max(pause_until_, now + delay);
    if (term_) held_back_.push_back(message.key);
  }
  if (now - complained_ >= kComplainEvery) {
    complained_ = now;
    spdlog::warn("report not delivered, it is tried again reporter={} message={} tries={} in_ms={} reason={}",
                 name_, message.key, tries + 1, delay.count(), delivery.reason);
  }
  if (!term_) {
    states_.erase(message.key);
    return;
  }
  states_[message.key] = State::deferred;
  house_.commit(store::OutboxLater{name_, term_, message.key, delay},
                active_.guard([this, key = message.key](const auto& outcome) {
                  if (!outcome && outcome.error().why != store::Refused::gone)
                    return on_refusal(key, outcome.error());
                  states_.erase(key);
                }));
}

}  // namespace headrace::notifier
