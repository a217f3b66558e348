// SPDX-License-Identifier: Apache-2.0
// The fields of a declaration that passed the checker, on their way into the structs of site.hpp.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "config/site.hpp"

namespace headrace::config {

/// Fields that are right by type already; what was not given leaves the default in place.
class Fields {
 public:
  explicit Fields(json::Object fields) : fields_(std::move(fields)) {}

  const json::Value* find(std::string_view name) const {
    const auto it = fields_.find(name);
    return it == fields_.end() ? nullptr : &it->second;
  }
  void copy(std::string_view name, std::string& to) const {
    if (const auto* v = find(name)) to = v->as_string();
  }
  void copy(std::string_view name, std::optional<std::string>& to) const {
    if (const auto* v = find(name)) to = v->is_null() ? std::nullopt : std::optional(v->as_string());
  }
  void copy(std::string_view name, bool& to) const {
    if (const auto* v = find(name)) to = v->as_bool();
  }
  void copy(std::string_view name, std::optional<bool>& to) const {
    if (const auto* v = find(name)) to = v->as_bool();
  }
  void copy(std::string_view name, std::int64_t& to) const {
    if (const auto* v = find(name)) to = v->as_int();
  }
  void copy(std::string_view name, int& to) const {
    if (const auto* v = find(name)) to = static_cast<int>(v->as_int());
  }
  void copy(std::string_view name, json::Value& to) const {
    if (const auto* v = find(name)) to = *v;
  }
  void copy(std::string_view name, std::vector<std::string>& to) const {
    if (const auto* v = find(name)) to = texts(*v);
  }
  void copy(std::string_view name, std::optional<std::vector<std::string>>& to) const {
    if (const auto* v = find(name)) to = texts(*v);
  }
  void copy(std::string_view name, std::map<std::string, json::Value>& to) const {
    if (const auto* v = find(name)) to = {v->as_object().begin(), v->as_object().end()};
  }
  void copy(std::string_view name, std::map<std::string, std::string>& to) const {
    if (const auto* v = find(name))
      for (const auto& [key, text] : v->as_object()) to[key] = text.as_string();
  }
  void copy(std::string_view name, Properties& to, const char* source) const {
    if (const auto* v = find(name))
      for (const auto& [key, value] : v->as_object()) to[key] = {value, source};
  }
  void copy_function(std::string_view name, FunctionId& to) const {
    if (const auto* v = find(name); v != nullptr && v->is_object()) to = (*v)["$question"].as_int();
  }

  static std::vector<std::string> texts(const json::Value& list) {
    std::vector<std::string> all;
    for (const auto& item : list.as_array()) all.push_back(item.as_string());
    return all;
  }
  json::Object take() && { return std::move(fields_); }

 private:
  json::Object fields_;
};

/// A change filter from the fields of its table.
ChangeFilter change_filter(const json::Object& given);

}  // namespace headrace::config
