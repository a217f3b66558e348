// SPDX-License-Identifier: Apache-2.0
// Hands one message to its receiver, and what the answer means.
//
// What is tried again, and for how long:
//   * The receiver is away or overloaded (no connection, time-out, HTTP 5xx, 408, 425, 429, SMTP 421 and
//     trouble before the message: login, TLS): it is asked less and less often until it is back; a message
//     is kept for five days, as mail servers do.
//   * The receiver refuses the message (any other HTTP status but 2xx, SMTP 4xx): often a mistake in the
//     configuration or a greylist, so it is tried again as above, but only for 24 hours and without making
//     other messages wait.
//   * The receiver refuses the message for good (SMTP 550 to 559): given up at once; asking again is spam.
// Giving up is logged as an error.
#pragma once

#include <functional>
#include <string>

#include "clock/clock.hpp"
#include "http/client.hpp"
#include "notifier/message.hpp"

namespace headrace::notifier {

enum class Verdict {
  delivered,
  refused,   ///< this message, maybe not for ever
  away,      ///< the receiver as a whole
  hopeless,  ///< this message, for ever
};

struct Delivery {
  Verdict verdict = Verdict::delivered;
  std::string reason;      ///< in words; of a delivered one: what is worth a warning
  seconds retry_after{0};  ///< what the receiver asked for; 0: nothing
};

/// How long a message of this verdict is kept trying.
std::chrono::hours patience(Verdict verdict);

/// The wait after the `failures`-th failure in a row (≥ 1): 1 s, 2 s, 4 s … 5 min, spread by ±20 %.
/// @param random  in [0, 1)
milliseconds backoff(std::int64_t failures, double random);

/// The way out of the process: libcurl in the service, dice in the simulation.
class Transport {
 public:
  virtual ~Transport() = default;
  virtual void send(http::Mail mail, std::function<void(http::Reply)> done) = 0;
  virtual void send(http::Call call, std::function<void(http::Reply)> done) = 0;
};

/// Of one reporter, with the options of the current configuration. What is under way when a sender goes still
/// comes to its end.
class Sender {
 public:
  virtual ~Sender() = default;
  virtual void send(const Message& message, std::function<void(Delivery)> done) = 0;
};

}  // namespace headrace::notifier
