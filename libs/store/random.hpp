// SPDX-License-Identifier: Apache-2.0
// Unguessable names: tags of events, nonces of offers, instances of processes.
#pragma once

#include <cstddef>
#include <string>

namespace headrace::store {

/// `bytes` random bytes of the system, as twice as many lower-case hex digits.
std::string random_hex(std::size_t bytes);

}  // namespace headrace::store
