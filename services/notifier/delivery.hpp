// SPDX-License-Identifier: Apache-2.0
// Hands one message to its receiver and judges the answer.
//
// What is tried again, and for how long:
//   * The receiver is away or overloaded (no connection, time-out, HTTP 5xx, 408, 425, 429, SMTP 421 and
//     trouble before the message: login, TLS): it is asked less and less often until it is back; a message
//     is kept for five days, as mail servers do.
//   * The receiver refuses the message (any other HTTP status but 2xx, SMTP 4xx): often a mistake in the
//     configuration or a greylist, so it is tried again as above, but only for 24 hours and without making
//     other messages wait.
//   * The mail server refuses the mail for good (SMTP 550 to 559): given up at once; asking again is spam.
// Giving up is logged as an error. A mail with several recipients counts as taken when the relay took it for
// one of them; the others are named in the log.
#pragma once

#include <functional>
#include <string>

#include "config/site.hpp"
#include "http/client.hpp"
#include "notifier/message.hpp"

namespace headrace::notifier {

enum class Verdict {
  delivered,
  refused,   ///< this message, maybe not for ever
  away,      ///< the receiver as a whole
  hopeless,  ///< this message, for ever
};

struct Outcome {
  Verdict verdict = Verdict::delivered;
  std::string reason;      ///< in words; of a delivered one: what is worth a warning
  seconds retry_after{0};  ///< what the receiver asked for (Retry-After); 0: nothing
};

Outcome judge_mail(const http::Reply& reply);
Outcome judge_http(const http::Reply& reply);

/// How long a message of this verdict is kept trying.
std::chrono::hours patience(Verdict verdict);

/// The wait after the `failures`-th failure in a row (≥ 1): 1 s, 2 s, 4 s … 5 min, spread by ±20 %.
/// @param random  in [0, 1)
milliseconds backoff(std::int64_t failures, double random);

/// Sends it where the current `reporter` says.
void deliver(http::Client& client, const config::Reporter& reporter, const Message& message,
             std::function<void(Outcome)> done);

}  // namespace headrace::notifier
