// SPDX-License-Identifier: Apache-2.0
// Properties as words of a command line: `name=value`, the value JSON where it reads as JSON.
#pragma once

#include <string>
#include <vector>

#include "model/property.hpp"

namespace headrace::cli {

/// Throws UsageError naming a word without `=` or without a name.
Properties parse_properties(const std::vector<std::string>& words, const std::string& source);

}  // namespace headrace::cli
