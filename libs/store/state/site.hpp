// SPDX-License-Identifier: Apache-2.0
// What Redis knows of the site: its clock, configurations, keys, names and their ids.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "store/read.hpp"
#include "store/transitions/site.hpp"

namespace headrace::store {

/// Redis's wall clock, ms.
Read<std::int64_t> redis_time_ms();
std::int64_t time_in(const RedisReply& reply);  ///< of an answer to TIME

/// The current version; 0 until a configuration was applied.
Read<ConfigVersion> config_version();
/// The packed files of a version; nothing when it is not there.
Read<std::optional<std::string>> config_files(ConfigVersion version);

/// The public CURVE keys that are admitted: key → name.
Read<std::map<std::string, std::string>> admitted_public_keys(KeyKind kind);
Read<std::optional<std::string>> admitted_public_key(KeyKind kind, std::string public_key);

/// Names and their REST ids.
using NameIds = std::map<std::string, std::int64_t, std::less<>>;
Read<NameIds> name_ids(NameKind kind);
Read<std::optional<std::int64_t>> name_id(NameKind kind, std::string name);

/// The highest ids given so far; 0: none yet.
struct LastIds {
  ChangeId change;
  BuildsetId buildset;
  RequestId request;
  BuildId build;
};
Read<LastIds> last_ids();

/// Who holds a role, or held it last: the instance of a process; nothing when nobody ever did.
Read<std::optional<std::string>> role_owner(std::string role);

/// The state that a poller stored; nothing when it has never polled.
Read<std::optional<std::string>> poller_state(std::string poller);
/// Why pollers could not read all that they watch, by name; those that could are not in it.
Read<std::map<std::string, std::string>> poller_problems();

}  // namespace headrace::store
