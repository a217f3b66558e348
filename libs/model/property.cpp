// SPDX-License-Identifier: Apache-2.0
#include "model/property.hpp"

namespace headrace {

void override_with(Properties& base, const Properties& over) {
  for (const auto& [name, property] : over) base.insert_or_assign(name, property);
}

json::Value to_json(const Properties& properties) {
  json::Object out;
  for (const auto& [name, p] : properties) out[name] = json::Array{p.value, p.source};
  return out;
}

}  // namespace headrace
