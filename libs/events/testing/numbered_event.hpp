// SPDX-License-Identifier: Apache-2.0
// Events of a made-up log, for tests of what follows one.
#pragma once

#include <string>

#include "wire/event.hpp"

namespace headrace::events {

/// Event number `n` of a log, chained to the one before. @param life  another one: the log went back
inline wire::Event numbered_event(std::int64_t n, const std::string& life = "a") {
  wire::Event out;
  out.number.value = n;
  out.tag = life + std::to_string(n);
  out.previous_tag = n == 1 ? "" : life + std::to_string(n - 1);
  return out;
}

}  // namespace headrace::events
