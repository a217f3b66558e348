// SPDX-License-Identifier: Apache-2.0
#include "config/site.hpp"

#include <algorithm>

#include "config/glob.hpp"

namespace headrace::config {

bool Selector::matches(std::string_view name) const {
  return std::any_of(patterns.begin(), patterns.end(),
                     [&](const std::string& pattern) { return pattern == name || name_glob(pattern, name); });
}

void read_option(const json::Value& value, Selector& to) { read_value(value, to.patterns); }

}  // namespace headrace::config
