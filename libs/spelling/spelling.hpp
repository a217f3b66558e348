// SPDX-License-Identifier: Apache-2.0
// Which word somebody may have meant: for error texts about words that are not known.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace headrace::spelling {

/// The one of `candidates` that is fewest edits away from `word`; "" when none is near.
std::string nearest(std::string_view word, const std::vector<std::string>& candidates);

/// ", did you mean 'x'?" with that one, or "" when none is near.
std::string did_you_mean(std::string_view word, const std::vector<std::string>& candidates);

}  // namespace headrace::spelling
