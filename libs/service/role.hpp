// SPDX-License-Identifier: Apache-2.0
// A role that one process of many has at a time: the scheduler, a poller, a reporter. Held by a lease
// with a term, which the Redis functions check, so a former owner can do no harm.
#pragma once

#include <functional>
#include <string>

#include "generation/generation.hpp"
#include "log/log.hpp"
#include "service/house.hpp"
#include "store/transitions/lease.hpp"

namespace headrace::service {

class Role {
 public:
  static constexpr milliseconds kLease{10'000};

  Role(House& house, std::string name) : house_(house), name_(std::move(name)) {}

  /// Takes the role when it is free, renews it when it is ours. Call from load() and on every tick.
  /// @param gained  called when it became ours just now
  /// @param lost      called when it was ours and is another's by now
  /// @param answered  called after these, whatever the answer was
  void hold(std::function<void()> gained, std::function<void()> lost = {},
            std::function<void()> answered = {}) {
    // The holder may go meanwhile, with the configuration that wanted it.
    house_.commit(store::RoleHold{name_, house_.instance(), kLease},
                  generation_.guard([this, gained = std::move(gained), lost = std::move(lost),
                                     answered = std::move(answered)](const auto& outcome) {
                    const std::int64_t before = term_;
                    term_ = outcome ? outcome->term : 0;
                    if (term_ != before && term_) {
                      spdlog::info("role taken role={} term={}", name_, term_);
                      if (gained) gained();
                    } else if (before && !term_) {
                      spdlog::warn("role lost role={} reason={}", name_, outcome ? "" : outcome.error().text);
                      if (lost) lost();
                    }
                    if (answered) answered();
                  }));
  }
  void release() {
    if (term_) house_.commit(store::RoleRelease{name_, house_.instance()});
    term_ = 0;
  }
  /// After a lost connection.
  void forget() { term_ = 0; }
  bool held() const { return term_ != 0; }
  std::int64_t term() const { return term_; }
  const std::string& name() const { return name_; }

 private:
  House& house_;
  std::string name_;
  std::int64_t term_ = 0;
  Generation generation_;
};

}  // namespace headrace::service
