// SPDX-License-Identifier: Apache-2.0
#include "notifier/sender.hpp"

#include <algorithm>

namespace headrace::notifier {

std::chrono::hours patience(Verdict verdict) {
  return std::chrono::hours(verdict == Verdict::refused ? 24 : 5 * 24);
}

milliseconds backoff(std::int64_t failures, double random) {
  constexpr double kMaxMs = 300'000;
  double ms = 1000;
  for (std::int64_t i = 1; i < failures && ms < kMaxMs; ++i) ms *= 2;
  return milliseconds(static_cast<std::int64_t>(std::min(ms, kMaxMs) * (0.8 + 0.4 * random)));
}

}  // namespace headrace::notifier
