// SPDX-License-Identifier: Apache-2.0
// Watching one build request until it is complete.
#pragma once

#include <cstdint>
#include <ostream>

#include "cli/system_access.hpp"
#include "model/ids.hpp"
#include "model/results.hpp"

namespace headrace::cli {

/// Prints each start, step and end of the request's builds (a lost build is followed by another).
/// Waits on the event log, and looks at the request itself after each wait. Redis may go away meanwhile.
/// @return the request's verdict. Throws when the request is gone or Redis stays away for a minute.
Results follow_request(SystemAccess& control, RequestId request, std::ostream& out);

}  // namespace headrace::cli
