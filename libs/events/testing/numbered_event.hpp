// SPDX-License-Identifier: Apache-2.0
// Events of a made-up event log, for tests of its readers.
#pragma once

#include <string>

#include "wire/event.hpp"

namespace headrace::events {

/// Event number `n`, chained to event `n` - 1. @param life  the tags of another life are others, as after the
/// log went back
inline wire::Event numbered_event(std::int64_t n, const std::string& life = "a") {
  wire::Event out;
  out.number.value = n;
  out.tag = life + std::to_string(n);
  out.previous_tag = n == 1 ? "" : life + std::to_string(n - 1);
  return out;
}

}  // namespace headrace::events
