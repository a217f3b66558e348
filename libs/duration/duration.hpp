// SPDX-License-Identifier: Apache-2.0
// Times as people write them, in configurations and on command lines alike: "90s", "1.5h", "250ms".
#pragma once

#include <optional>
#include <string_view>

#include "clock/clock.hpp"

namespace headrace::duration {

/// A number and one of the units ms, s, m, h, d, w, without a blank between. Nothing when it is no such time,
/// or longer than three hundred years.
std::optional<milliseconds> parse(std::string_view text);

/// @param number  of seconds; rounded to milliseconds
/// Nothing when it is negative, not finite, or longer than three hundred years.
std::optional<milliseconds> from_seconds(double number);

}  // namespace headrace::duration
