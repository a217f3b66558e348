// SPDX-License-Identifier: Apache-2.0
// What tests do to Redis behind everybody's back: no program of Headrace does any of it.
#pragma once

#include <string>

#include "store/client.hpp"

namespace headrace::store::testing {

/// Every key is gone, as after a start without files.
inline void forget_everything(BlockingClient& redis) { redis.command({"FLUSHALL"}); }

/// Only the last `keep` events stay in the log, whoever has not read the others.
inline void trim_events(BlockingClient& redis, int keep) {
  redis.command({"XTRIM", redis.keys()("events"), "MAXLEN", std::to_string(keep)});
}

/// Redis answers one of its commands with an error, or does it again.
inline void refuse_ranges_of_the_log(BlockingClient& redis, bool refuse) {
  redis.command({"ACL", "SETUSER", "default", refuse ? "-xrange" : "+xrange"});
}

/// Ends every other connection.
inline void cut_connections(BlockingClient& redis) {
  redis.command({"CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"});
}

}  // namespace headrace::store::testing
