// SPDX-License-Identifier: Apache-2.0
// What a new core has to know of the store: the cursor and the waiting lists that belong to it. Used by
// the service and by the simulation.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "scheduler/core.hpp"

namespace headrace::scheduler {

/// A plain read; answers come in the order of asking.
using Read = std::function<void(std::vector<std::string> words, std::function<void(store::RedisReply)> done)>;

void read_state(const store::Keys& keys, Read read,
                std::function<void(events::Cursor, std::map<ListName, WaitingList>)> done);

}  // namespace headrace::scheduler
