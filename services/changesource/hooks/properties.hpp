// SPDX-License-Identifier: Apache-2.0
// Parts of a payload as properties of its changes.
#pragma once

#include <string>
#include <vector>

#include "json/value.hpp"
#include "model/property.hpp"

namespace headrace::changesource::hooks {

/// A property of source "Change".
void set_property(Properties& properties, const std::string& name, json::Value value);

/// Every leaf of `payload` whose dotted name, with `base` in front ("github.head.sha"), matches one of the
/// globs, as a property of source "Change". `*` crosses dots. A list is a leaf.
Properties whitelisted(const json::Value& payload, const std::string& base,
                       const std::vector<std::string>& globs);

}  // namespace headrace::changesource::hooks
