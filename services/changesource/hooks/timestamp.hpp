// SPDX-License-Identifier: Apache-2.0
// Times as forges write them.
#pragma once

#include <string_view>

#include "clock/clock.hpp"
#include "result/result.hpp"

namespace headrace::changesource::hooks {

/// "2021-03-04T05:06:07+01:00", "2021-03-04 05:06:07 UTC", "2021/03/04 05:06:07 -0700", with or without
/// fractions of a second, seconds, a time at all; without a zone: UTC. Errors name the text.
[[nodiscard]] Result<WallTime> parse_timestamp(std::string_view text);

/// Seconds since the epoch as a decimal number, "1203116237" or "1203116237.5". Errors name the text.
[[nodiscard]] Result<WallTime> parse_epoch(std::string_view text);

}  // namespace headrace::changesource::hooks
