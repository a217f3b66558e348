// SPDX-License-Identifier: Apache-2.0
// A role that one process of many has at a time: the scheduler, a poller, a reporter. Held by a lease
// with a term, which the Redis functions check, so a former owner can do no harm.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "log/log.hpp"
#include "service/host.hpp"
#include "wire/codec.hpp"

namespace headrace::service {

class Role {
 public:
  static constexpr milliseconds kLease{10'000};

  Role(Host& host, std::string name) : host_(host), name_(std::move(name)) {}

  /// Takes the role when it is free, renews it when it is ours. Call from load() and on every tick.
  /// @param gained  called when it became ours just now
  /// @param lost      called when it was ours and is another's by now
  /// @param answered  called after these, whatever the answer was
  void hold(std::function<void()> gained, std::function<void()> lost = {},
            std::function<void()> answered = {}) {
    host_.commit({"role_hold", {name_, host_.instance(), std::to_string(kLease.count())}},
                 [this, weak = std::weak_ptr<void>(alive_), gained = std::move(gained),
                  lost = std::move(lost), answered = std::move(answered)](store::Reply r) {
                   if (weak.expired()) return;  // its holder is gone, with the configuration that wanted it
                   const std::int64_t before = term_;
                   term_ = 0;
                   if (r.ok) {
                     const auto value = wire::decode_value(r.value);
                     if (value && value->is_array()) term_ = value->as_array().at(0).int_or(0);
                   }
                   if (term_ != before && term_) {
                     spdlog::info("role taken role={} term={}", name_, term_);
                     if (gained) gained();
                   } else if (before && !term_) {
                     spdlog::warn("role lost role={} reason={}", name_, r.refusal);
                     if (lost) lost();
                   }
                   if (answered) answered();
                 });
  }
  void release() {
    if (term_) host_.commit({"role_release", {name_, host_.instance()}}, {});
    term_ = 0;
  }
  /// After a lost connection.
  void forget() { term_ = 0; }
  bool held() const { return term_ != 0; }
  std::int64_t term() const { return term_; }
  const std::string& name() const { return name_; }

 private:
  Host& host_;
  std::string name_;
  std::int64_t term_ = 0;
  std::shared_ptr<void> alive_ = std::make_shared<int>();
};

}  // namespace headrace::service
