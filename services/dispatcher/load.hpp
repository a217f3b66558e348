// SPDX-License-Identifier: Apache-2.0
// What a new core has to know of the store: the open requests with their buildsets, and which of them
// nobody drives any more. Used by the service and by the simulation.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "dispatcher/core.hpp"
#include "events/reader.hpp"

namespace headrace::dispatcher {

/// A plain read; answers come in the order of asking.
using Read = std::function<void(std::vector<std::string> words, std::function<void(store::RedisReply)> done)>;

/// @param done  gets the event up to which the state is known to reach, and the open requests
void read_open_requests(const store::Keys& keys, Read read,
                        std::function<void(events::Cursor, std::vector<LoadedRequest>)> done);

}  // namespace headrace::dispatcher
