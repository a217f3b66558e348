// SPDX-License-Identifier: Apache-2.0
// The wall clock of another machine, Redis's: what was read of it last, and the time that has passed here
// since then. Setting the wall clock of either machine makes no difference until the clock is read again.
#pragma once

#include <cstdint>

#include "clock/clock.hpp"

namespace headrace {

class OtherClock {
 public:
  void read(std::int64_t ms, MonoTime now) {
    ms_ = ms;
    at_ = now;
  }
  /// False until it was read once.
  bool known() const { return ms_ != 0; }
  std::int64_t ms(MonoTime now) const { return ms_ + to_ms(now - at_); }

 private:
  std::int64_t ms_ = 0;
  MonoTime at_{};
};

}  // namespace headrace
