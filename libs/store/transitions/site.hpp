// SPDX-License-Identifier: Apache-2.0
// Configuration versions, allowed keys, the length of the event log, moved logs: functions/site.lua.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "store/call.hpp"

namespace headrace::store {

/// What has REST ids by name, given once and for ever.
enum class NameKind { builder, worker, scheduler, changesource };

/// A new configuration version, unless these files are current already. Refused: config, bad.
struct ConfigApply {
  static constexpr std::string_view kFunction = "config_apply";
  std::optional<ConfigVersion> expected;  ///< the version that the caller read; none: any
  std::string digest;
  std::string files;                                    ///< MessagePack of the files
  std::vector<std::pair<NameKind, std::string>> names;  ///< at most kMaxNames

  using Answer = ConfigVersion;
  Call call() const;
  static Outcome<Answer> read(const Reply& reply);
};

/// Who a CURVE key lets in.
enum class KeyKind { worker, subscriber };

struct KeyAllow {
  static constexpr std::string_view kFunction = "key_allow";
  KeyKind kind = KeyKind::worker;
  std::string public_key;  ///< Z85, 40 characters
  std::string name;

  using Answer = Done;
  Call call() const;
  static Outcome<Answer> read(const Reply& reply);
};

/// Refused: gone.
struct KeyForbid {
  static constexpr std::string_view kFunction = "key_forbid";
  KeyKind kind = KeyKind::worker;
  std::string public_key;

  using Answer = Done;
  Call call() const;
  static Outcome<Answer> read(const Reply& reply);
};

/// Drops old events, never past the scheduler or a reporter.
struct EventsTrim {
  static constexpr std::string_view kFunction = "events_trim";
  std::int64_t keep = 0;  ///< last events that stay for views, at least 1

  using Answer = EventNumber;  ///< events up to this one may be gone
  Call call() const;
  static Outcome<Answer> read(const Reply& reply);
};

/// The logs of these finished builds are in the log store.
struct LogsMoved {
  static constexpr std::string_view kFunction = "logs_moved";
  std::vector<BuildId> builds;  ///< 1 to kMaxMovedBuilds

  using Answer = Done;
  Call call() const;
  static Outcome<Answer> read(const Reply& reply);
};

}  // namespace headrace::store
