// SPDX-License-Identifier: Apache-2.0
// Between hiredis' structures and the library's own; shared by both clients, not by their users.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "store/client.hpp"

struct redisReply;

namespace headrace::store {

RedisReply convert(const redisReply* reply);

/// The words of one FCALL: function name with the library's prefix, one key, a fresh random tag.
/// @param prefix  of the core; a call that works on the logs of a build gets theirs
std::vector<std::string> fcall_words(const Call& call, const std::string& prefix);

/// What a function answered. Nothing when Redis itself could not do it now (loading, read-only, out of
/// memory, disk full …): then nobody knows or nothing was written, and the connection counts as lost.
std::optional<Reply> convert_call(const redisReply* reply, std::string& lost_reason);

}  // namespace headrace::store
