// SPDX-License-Identifier: Apache-2.0
// A message as it waits in the outbox: complete, so that a receiver that comes back after an hour gets what
// was true. Where to (relay, URL) and passwords are the current configuration's: a mistake in them can be
// put right while messages wait, and no secret is stored.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "result/result.hpp"

namespace headrace::notifier {

struct Message {
  std::string
      key;  ///< in its reporter's outbox, "build-12.9f3c….0-mail"; the key of the outbox, not in the bytes
  std::string kind;             ///< "mail", "http"
  std::int64_t at_ms = 0;       ///< when it came to be, Redis's clock
  std::string from;             ///< mail: envelope sender, a bare address
  std::vector<std::string> to;  ///< mail: envelope recipients, bare addresses
  std::string text;             ///< mail: the whole message; http: the body, JSON
};

/// MessagePack of a map.
std::string encode_message(const Message& message);
/// Errors: bytes that are no message of this version, with the field that is wrong.
[[nodiscard]] Result<Message> decode_message(std::string key, std::string_view bytes);

}  // namespace headrace::notifier
