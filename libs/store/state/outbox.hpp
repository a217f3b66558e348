// SPDX-License-Identifier: Apache-2.0
// Outboxes of reporters as Redis has them.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "store/read.hpp"

namespace headrace::store {

/// Reporters that have a cursor.
Read<std::vector<std::string>> reporters();

/// What is due in an outbox, by Redis's clock.
struct DueMessages {
  std::int64_t now_ms = 0;
  std::int64_t size = 0;          ///< messages in the outbox, due or not
  std::vector<std::string> keys;  ///< oldest due first, at most `limit`
};
Read<DueMessages> due_messages(std::string reporter, std::size_t limit);
/// The keys that are due first, whether their time has come or not.
Read<std::vector<std::string>> first_messages(std::string reporter, std::size_t limit);

struct StoredMessage {
  std::string body;
  std::int64_t tries = 0;  ///< that have failed
};
/// Nothing when the message is done with.
Read<std::optional<StoredMessage>> outbox_message(std::string reporter, std::string key);

}  // namespace headrace::store
