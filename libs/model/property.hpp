// SPDX-License-Identifier: Apache-2.0
// Build properties: named JSON values that remember who set them.
#pragma once

#include <map>
#include <string>

#include "json/value.hpp"

namespace headrace {

struct Property {
  json::Value value;
  std::string source;  ///< who set it, e.g. "Change", "Scheduler", "Builder", a step's name

  bool operator==(const Property&) const = default;
};

using Properties = std::map<std::string, Property, std::less<>>;

/// Puts every property of `over` into `base`; what is there already is replaced.
void override_with(Properties& base, const Properties& over);

/// The REST shape: {name: [value, source]}.
json::Value to_json(const Properties& properties);

}  // namespace headrace
