// SPDX-License-Identifier: Apache-2.0
// JSON of strangers, for whom the bound of json::parse (limits::kJsonValues) is too large.
#pragma once

#include <cstddef>
#include <string_view>

#include "json/value.hpp"

namespace headrace::json {

/// As parse. A text with more than `max_values` values is refused before any memory is taken for it: a value
/// that takes two bytes of text, as in [0,0,0], takes fifty times as much here.
[[nodiscard]] Result<Value> parse_bounded(std::string_view text, std::size_t max_values);

}  // namespace headrace::json
