// SPDX-License-Identifier: Apache-2.0
#include "config/checked_fields.hpp"

namespace headrace::config {

ChangeFilter change_filter(const json::Object& given) {
  const Fields fields(given);
  ChangeFilter filter;
  const auto values = [](const json::Value& list) {
    std::vector<std::optional<std::string>> all;
    for (const auto& item : list.as_array())
      all.push_back(item.is_null() ? std::nullopt : std::optional(item.as_string()));
    return all;
  };
  for (const std::string name : {"project", "repository", "branch", "category", "codebase"}) {
    ChangeFilter::Attribute a;
    if (const auto* v = fields.find(name)) a.eq = values(*v);
    if (const auto* v = fields.find(name + "_not_eq")) a.not_equal = values(*v);
    fields.copy(name + "_re", a.re);
    fields.copy(name + "_not_re", a.not_re);
    fields.copy_function(name + "_fn", a.fn);
    if (a.eq || a.not_equal || !a.re.empty() || !a.not_re.empty() || a.fn != 0)
      filter.attributes[name] = std::move(a);
  }
  const auto by_property = [&](const char* name, auto& to) {
    const auto* v = fields.find(name);
    if (v == nullptr) return;
    for (const auto& [key, list] : v->as_object()) {
      if constexpr (std::is_same_v<std::decay_t<decltype(to[key])>, json::Array>) {
        to[key] = list.as_array();
      } else {
        to[key] = Fields::texts(list);
      }
    }
  };
  by_property("property_eq", filter.property_eq);
  by_property("property_not_eq", filter.property_not_eq);
  by_property("property_re", filter.property_re);
  by_property("property_not_re", filter.property_not_re);
  fields.copy_function("filter_fn", filter.filter_fn);
  return filter;
}

}  // namespace headrace::config
