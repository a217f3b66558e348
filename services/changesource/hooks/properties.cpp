// SPDX-License-Identifier: Apache-2.0
#include "changesource/hooks/properties.hpp"

#include <fnmatch.h>

#include <algorithm>

namespace headrace::changesource::hooks {
namespace {

void flatten(const json::Value& object, const std::string& base, const std::vector<std::string>& globs,
             Properties& out) {
  for (const auto& [key, value] : object.as_object()) {
    const std::string name = base + "." + key;
    if (value.is_object()) {
      flatten(value, name, globs, out);
    } else if (std::any_of(globs.begin(), globs.end(), [&](const std::string& glob) {
                 return ::fnmatch(glob.c_str(), name.c_str(), FNM_NOESCAPE) == 0;
               })) {
      set_property(out, name, value);
    }
  }
}

}  // namespace

void set_property(Properties& properties, const std::string& name, json::Value value) {
  properties.insert_or_assign(name, Property{std::move(value), "Change"});
}

Properties whitelisted(const json::Value& payload, const std::string& base,
                       const std::vector<std::string>& globs) {
  Properties out;
  if (!globs.empty() && payload.is_object()) flatten(payload, base, globs, out);
  return out;
}

}  // namespace headrace::changesource::hooks
