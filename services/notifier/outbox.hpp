// SPDX-License-Identifier: Apache-2.0
// Empties the outbox of one reporter: reads what is due, sends it, and removes it when its receiver has said
// yes.
//
// It outlives the service's loaded state: when Redis goes away while a mail is under way, the answer of the
// mail server is remembered and stored as soon as Redis is back, instead of sending the mail again. So a
// message is doubled only if the process dies between the receiver's yes and our outbox_done (or its role
// went to another process, which takes a stuck process for dead).
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <random>
#include <string>

#include "clock/other_clock.hpp"
#include "config/site.hpp"
#include "generation/generation.hpp"
#include "notifier/sender.hpp"
#include "service/house.hpp"
#include "store/state/outbox.hpp"

namespace headrace::notifier {

class Outbox {
 public:
  static constexpr int kMaxUnderWay = 4;

  Outbox(service::House& house, Transport& transport, std::string reporter);

  /// The role is ours, Redis is there. Whatever waits is tried at once, whenever it was to be tried: a
  /// restart or a new configuration is the operator's way to say "now".
  void activate(const config::Reporter& reporter, std::int64_t term);
  /// Redis or the role is lost. What is under way goes on.
  void deactivate();
  /// Messages may have become due: after reporter_apply and on every tick.
  void look();
  /// Sends nothing more; `idle` comes (once) when nothing is under way and every yes is stored.
  void stop(std::function<void()> idle);

  std::int64_t size() const { return size_; }  ///< messages waiting, as of the last look

 private:
  enum class State {
    ready,      ///< known to be due
    fetching,   ///< its bytes are being read
    sending,    ///< at the receiver; stays so over deactivate()
    delivered,  ///< or given up; Redis does not know yet
    deferred,   ///< outbox_later is on its way
  };

  void try_everything();
  void take_due(const store::DueMessages& due);
  void pump();
  void fetch(const std::string& key);
  void send(const std::string& key, const store::StoredMessage& stored);
  void on_delivery(const Message& message, std::int64_t tries, const Delivery& delivery);
  void mark_delivered(const std::string& key);
  void retry_later(const Message& message, std::int64_t tries, const Delivery& delivery);
  void commit_done(const std::string& key);
  void on_refusal(const std::string& key, const store::Refusal& refusal);
  void check_idle();
  int count(State state) const;
  std::string metric(const std::string& name) const;

  service::House& house_;
  Transport& transport_;
  const std::string name_;
  std::string kind_;      ///< of the reporter, as it is configured now
  std::string receiver_;  ///< the kind's text of it
  std::unique_ptr<Sender> sender_;
  std::int64_t term_ = 0;  ///< 0: not active
  std::map<std::string, State> states_;
  std::deque<std::string> ready_;
  std::deque<std::string> held_back_;  ///< kept waiting because the receiver was away: due when it is back
  std::int64_t failures_ = 0;          ///< of the receiver, in a row
  MonoTime pause_until_{};
  MonoTime complained_{};
  bool looking_ = false;
  OtherClock clock_;  ///< Redis's
  std::int64_t size_ = 0;
  std::function<void()> idle_;
  bool stopping_ = false;
  std::mt19937 random_;  ///< of the jitter, seeded with the process's instance and the reporter's name
  Generation active_;    ///< of the active time; answers of an earlier one are dropped
};

}  // namespace headrace::notifier
