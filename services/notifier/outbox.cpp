// SPDX-License-Identifier: Apache-2.0
#include "notifier/outbox.hpp"

#include <algorithm>

#include "log/log.hpp"
#include "wire/codec.hpp"

namespace headrace::notifier {
namespace {

constexpr std::size_t kMostReady = 256;
constexpr int kMostKick = 1000;
constexpr seconds kComplainEvery{60};

bool same_receiver(const config::Reporter& a, const config::Reporter& b) {
  if (a.kind != b.kind) return false;
  for (const char* option :
       {"relay", "smtp_user", "smtp_password", "use_tls", "server_url", "auth", "headers"}) {
    const auto *one = a.options.find(option), *other = b.options.find(option);
    if (one == nullptr ? other != nullptr : other == nullptr || *one != *other) return false;
  }
  return true;
}

}  // namespace

Outbox::Outbox(service::ServiceRunner& host, http::Client& client, std::string reporter)
    : host_(host), client_(client), name_(std::move(reporter)) {
  host_.metrics().gauge(metric("outbox"), "messages that wait to be sent",
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

// ---- with and without Redis ----

void Outbox::activate(const config::Reporter& reporter, std::int64_t term) {
  deactivate();
  if (!same_receiver(reporter, reporter_)) {
    failures_ = 0;
    pause_until_ = {};
  }
  reporter_ = reporter;
  term_ = term;
  for (const auto& [key, state] : states_)
    if (state == State::settled) commit_done(key);
  const auto life = life_;
  host_.command({"ZRANGE", host_.store().keys()("outbox_due:" + name_), "0", std::to_string(kMostKick - 1)},
                [this, life](store::RedisReply r) {
                  if (life != life_) return;
                  for (const auto& key : r.items) held_back_.push_back(key.text);
                  look();
                });
}

void Outbox::deactivate() {
  ++life_;
  term_ = 0;
  looking_ = false;
  ready_.clear();
  held_back_.clear();
  std::erase_if(states_,
                [](const auto& s) { return s.second != State::sending && s.second != State::settled; });
}

void Outbox::stop(std::function<void()> idle) {
  stopping_ = true;
  idle_ = std::move(idle);
  check_idle();
}

void Outbox::check_idle() {
  if (!stopping_ || !idle_ || count(State::sending) || (term_ && count(State::settled))) return;
  std::exchange(idle_, nullptr)();
}

// ---- what is due ----

void Outbox::look() {
  if (!term_ || looking_ || stopping_) return;
  looking_ = true;
  const auto life = life_;
  const auto due = host_.store().keys()("outbox_due:" + name_);
  // Redis's clock decides, as it did when the message was put off.
  host_.command({"TIME"}, [this, life, due](store::RedisReply time) {
    if (life != life_) return;
    const std::int64_t now =
        time.items.size() == 2 ? std::stoll(time.items[0].text) * 1000 + std::stoll(time.items[1].text) / 1000
                               : 0;
    host_.command({"ZCARD", due}, [this, life](store::RedisReply r) {
      if (life == life_) size_ = r.integer;
    });
    host_.command({"ZRANGEBYSCORE", due, "-inf", std::to_string(now), "LIMIT", "0",
                   std::to_string(kMostReady + states_.size())},
                  [this, life](store::RedisReply r) {
                    if (life != life_) return;
                    looking_ = false;
                    take_due(r);
                  });
  });
}

void Outbox::take_due(const store::RedisReply& keys) {
  for (const auto& key : keys.items) {
    if (!states_.emplace(key.text, State::ready).second) continue;
    ready_.push_back(key.text);
  }
  pump();
}

void Outbox::pump() {
  if (!term_ || stopping_ || mono_now() < pause_until_) return;
  // A receiver that was away is asked with one message first. Those it made wait come after its yes, or now
  // when there are no others.
  if (failures_ == 0 || ready_.empty()) {
    for (const auto& key : held_back_)
      if (states_.emplace(key, State::ready).second) ready_.push_back(key);
    held_back_.clear();
  }
  const int most = failures_ ? 1 : kMostUnderWay;
  while (!ready_.empty() && count(State::sending) + count(State::fetching) < most) {
    const std::string key = std::move(ready_.front());
    ready_.pop_front();
    fetch(key);
  }
}

void Outbox::fetch(const std::string& key) {
  states_[key] = State::fetching;
  const auto& keys = host_.store().keys();
  const auto life = life_;
  auto tries = std::make_shared<std::int64_t>(0);
  host_.command({"HGET", keys("outbox_tries:" + name_), key}, [tries](store::RedisReply r) {
    if (!r.text.empty()) *tries = std::stoll(r.text);
  });
  host_.command({"HGET", keys("outbox:" + name_), key}, [this, life, key, tries](store::RedisReply r) {
    if (life != life_) return;
    const bool is_gone = r.kind != store::RedisReply::Kind::string;  // done with meanwhile
    if (is_gone || stopping_) {
      states_.erase(key);
      return pump();
    }
    send(key, r.text, *tries);
  });
}

// ---- the receiver ----

void Outbox::send(const std::string& key, const std::string& bytes, std::int64_t tries) {
  states_[key] = State::sending;
  auto message = decode_message(key, bytes);
  if (!message) {
    Message unreadable;
    unreadable.key = key;
    return on_outcome(unreadable, tries, {Verdict::hopeless, message.error().text});
  }
  spdlog::debug("sending reporter={} message={} tries={}", name_, key, tries);
  deliver(client_, reporter_, *message,
          [this, m = *message, tries](Outcome outcome) { on_outcome(m, tries, outcome); });
}

void Outbox::on_outcome(const Message& message, std::int64_t tries, const Outcome& outcome) {
  const std::int64_t age_ms = to_ms(wall_now()) - message.at_ms;
  if (outcome.verdict == Verdict::delivered) {
    spdlog::info("report delivered reporter={} message={}", name_, message.key);
    if (!outcome.reason.empty())
      spdlog::warn("some recipients were refused reporter={} message={} answer={}", name_, message.key,
                   outcome.reason);
    host_.metrics().count(metric("sent_total"));
    if (failures_) spdlog::info("receiver is back reporter={}", name_);
    failures_ = 0;
    pause_until_ = {};
    settle(message.key);
  } else if (outcome.verdict == Verdict::hopeless ||
             age_ms > milliseconds(patience(outcome.verdict)).count()) {
    spdlog::error("report given up reporter={} message={} age_s={} reason={}", name_, message.key,
                  age_ms / 1000, outcome.reason);
    host_.metrics().count(metric("given_up_total"));
    settle(message.key);
  } else {
    host_.metrics().count(metric("failed_total"));
    retry_later(message, tries, outcome);
  }
  pump();
  if (term_ && ready_.empty() && !stopping_) look();
  check_idle();
}

void Outbox::settle(const std::string& key) {
  states_[key] = State::settled;
  if (term_) commit_done(key);
}

void Outbox::commit_done(const std::string& key) {
  const auto life = life_;
  host_.commit({"outbox_done", {name_, std::to_string(term_), key}}, [this, life, key](store::Reply r) {
    if (life != life_) return;
    if (!r.ok && !r.refusal.starts_with("gone")) return on_refusal(key, r.refusal);
    states_.erase(key);  // "gone": it was stored by a commit whose answer was lost
    check_idle();
  });
}

// Another process has the role, or the store is not what we believe: nothing more until the service knows.
void Outbox::on_refusal(const std::string& key, const std::string& refusal) {
  spdlog::warn("outcome of a report was not stored reporter={} message={} reason={}", name_, key, refusal);
  deactivate();
  check_idle();
}

void Outbox::retry_later(const Message& message, std::int64_t tries, const Outcome& outcome) {
  const double random = std::uniform_real_distribution<>(0, 1)(random_);
  const auto now = mono_now();
  milliseconds delay = std::max<milliseconds>(backoff(tries + 1, random), outcome.retry_after);
  if (outcome.verdict == Verdict::away) {
    // Several messages that fail together are one failure of the receiver.
    if (now >= pause_until_) ++failures_;
    delay = std::max<milliseconds>(backoff(failures_, random), outcome.retry_after);
    pause_until_ = std::max(pause_until_, now + delay);
    if (term_) held_back_.push_back(message.key);
  }
  if (now - complained_ >= kComplainEvery) {
    complained_ = now;
    spdlog::warn("report not delivered, it is tried again reporter={} message={} tries={} in_ms={} reason={}",
                 name_, message.key, tries + 1, delay.count(), outcome.reason);
  }
  if (!term_) {
    states_.erase(message.key);
    return;
  }
  states_[message.key] = State::deferred;
  const auto life = life_;
  host_.commit({"outbox_later", {name_, std::to_string(term_), message.key, std::to_string(delay.count())}},
               [this, life, key = message.key](store::Reply r) {
                 if (life != life_) return;
                 if (!r.ok && !r.refusal.starts_with("gone")) return on_refusal(key, r.refusal);
                 states_.erase(key);
               });
}

}  // namespace headrace::notifier
