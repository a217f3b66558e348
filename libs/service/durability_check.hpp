// SPDX-License-Identifier: Apache-2.0
// What --durability promises rests on how Redis was set up.
#pragma once

#include <functional>
#include <string>

#include "store/client.hpp"

namespace headrace::service {

/// Asks a connected Redis. Where it does not say (a hosted one may not), it is believed.
/// @param too_weak  called with the reason when Redis cannot keep the promise
void check_durability(store::Client& store, store::Durability promised,
                      std::function<void(std::string reason)> too_weak);

std::string_view durability_name(store::Durability durability);

}  // namespace headrace::service
