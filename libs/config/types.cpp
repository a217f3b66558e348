// SPDX-License-Identifier: Apache-2.0
#include "config/types.hpp"

#include <map>

namespace headrace::config {

const Type* find_type(std::string_view name) {
  static const auto all = [] {
    std::map<std::string_view, const Type*> types;
    for (const auto table : {plain_types(), text_types(), name_types(), build_types()})
      for (const auto& type : table) types[type.name] = &type;
    return types;
  }();
  const auto found = all.find(name.starts_with("one of ") ? "one of" : name);
  return found == all.end() ? nullptr : found->second;
}

}  // namespace headrace::config
