// SPDX-License-Identifier: Apache-2.0
// Waiting for something to become true, with a deadline.
#pragma once

#include <chrono>
#include <functional>
#include <stdexcept>
#include <string>
#include <thread>

namespace headrace::test {

/// Looks every 10 ms until `ready` gives something true, and returns that.
/// Throws std::runtime_error "waited N s for <what>" at the deadline, with `explain`'s text if given.
template <class Ready>
auto wait_for(const std::string& what, std::chrono::seconds limit, Ready ready,
              const std::function<std::string()>& explain = {}) {
  const auto end = std::chrono::steady_clock::now() + limit;
  while (true) {
    if (auto value = ready()) return value;
    if (std::chrono::steady_clock::now() > end)
      throw std::runtime_error("waited " + std::to_string(limit.count()) + " s for " + what +
                               (explain ? "\n" + explain() : ""));
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
}

}  // namespace headrace::test
