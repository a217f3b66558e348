// SPDX-License-Identifier: Apache-2.0
// What becomes of a posted hook: changes, a refusal, or first some questions to the forge.
#pragma once

#include <functional>
#include <string>
#include <variant>
#include <vector>

#include "http/client.hpp"
#include "wire/records.hpp"

namespace headrace::changesource::hooks {

/// The request is answered with `status` and `text`, and nothing is recorded.
struct Refusal {
  int status = 400;  ///< 4xx: the sender's fault; 500: the hook is configured wrongly
  std::string text;
};

/// What the request says. No changes is ordinary: an event that nobody builds.
struct Delivery {
  std::vector<wire::Change> changes;  ///< in the sender's order, oldest first; ids not set
  /// Equal for every repeat of one delivery, whatever the hook; empty when the sender gives no id, then two
  /// equal requests are two deliveries.
  std::string key;
  std::vector<std::string> warnings;  ///< for the log: the forge's API did not answer, and the like
};

struct Questions;
using Outcome = std::variant<Delivery, Refusal, Questions>;

/// Calls to make before the outcome is known. They do not depend on each other.
struct Questions {
  std::vector<http::Call> calls;
  /// Takes one reply for each call, in order. May come back with more questions.
  std::function<Outcome(std::vector<http::Reply>)> resume;
};

/// The body of a 2xx answer, in Buildbot's words: "2 change found", "no change found".
std::string answer_text(const Delivery& delivery);

}  // namespace headrace::changesource::hooks
