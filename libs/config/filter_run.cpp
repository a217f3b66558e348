// SPDX-License-Identifier: Apache-2.0
#include "config/filter_run.hpp"

#include <algorithm>

#include "config/configuration.hpp"

namespace headrace::config {
namespace {

// Numbers compare by value, as in Buildbot: 1 equals 1.0.
bool same(const json::Value& a, const json::Value& b) {
  if (a.is_number() && b.is_number() && a.is_int() != b.is_int()) return a.as_double() == b.as_double();
  return a == b;
}

bool contains(const std::vector<json::Value>& all, const json::Value& value) {
  return std::any_of(all.begin(), all.end(), [&](const json::Value& one) { return same(one, value); });
}

// Values are true or false as in Lua, because functions of the configuration are written in Lua.
bool yes(const json::Value& value) { return !value.is_null() && value != json::Value(false); }

std::optional<std::string> text_in(const json::Value& value) {
  return value.is_string() ? std::optional(value.as_string()) : std::nullopt;
}

}  // namespace

Result<bool> FilterRun::matches(const ChangeFilter& filter) {
  const bool accepted = attributes_match(filter) && properties_match(filter) &&
                        (filter.filter_fn == 0 || asked(filter.filter_fn, change_argument(change_)));
  if (error_) return tl::unexpected(*error_);
  return accepted;
}

bool FilterRun::attributes_match(const ChangeFilter& filter) {
  return std::all_of(filter.attributes.begin(), filter.attributes.end(), [this](const auto& wanted) {
    return attribute_matches(wanted.second, attribute(wanted.first));
  });
}

bool FilterRun::attribute_matches(const ChangeFilter::Attribute& wanted,
                                  const std::optional<std::string>& value) {
  const auto in = [&](const auto& list) { return std::find(list.begin(), list.end(), value) != list.end(); };
  if (wanted.eq && !in(*wanted.eq)) return false;
  if (wanted.not_equal && in(*wanted.not_equal)) return false;
  if (!wanted.re.empty() && !any(wanted.re, value)) return false;
  if (!wanted.not_re.empty() && any(wanted.not_re, value)) return false;
  return wanted.fn == 0 || asked(wanted.fn, value ? json::Value(*value) : json::Value());
}

bool FilterRun::properties_match(const ChangeFilter& filter) {
  for (const auto& [name, values] : filter.property_eq)
    if (!contains(values, property(name))) return false;
  for (const auto& [name, values] : filter.property_not_eq)
    if (contains(values, property(name))) return false;
  for (const auto& [name, patterns] : filter.property_re)
    if (!any(patterns, text_in(property(name)))) return false;
  for (const auto& [name, patterns] : filter.property_not_re)
    if (any(patterns, text_in(property(name)))) return false;
  return true;
}

bool FilterRun::any(const std::vector<std::string>& patterns, const std::optional<std::string>& text) {
  if (!text) return false;
  for (const auto& source : patterns) {
    auto it = patterns_.find(source);
    if (it == patterns_.end()) {
      auto compiled = Pattern::compile(source);
      if (!compiled) return error_ = compiled.error(), false;
      it = patterns_.emplace(source, std::move(*compiled)).first;
    }
    const auto matched = it->second.matches_start(*text);
    if (!matched) return error_ = matched.error(), false;
    if (*matched) return true;
  }
  return false;
}

bool FilterRun::asked(FunctionId function, const json::Value& argument) {
  const auto answer = call_(function, argument);
  if (!answer) error_ = answer.error();
  return answer && yes(*answer);
}

std::optional<std::string> FilterRun::attribute(const std::string& name) const {
  if (name == "project") return change_.project;
  if (name == "repository") return change_.repository;
  if (name == "branch") return change_.branch;
  if (name == "category") return change_.category;
  return change_.codebase;
}

json::Value FilterRun::property(const std::string& name) const {
  const auto it = change_.properties.find(name);
  return it == change_.properties.end() ? json::Value() : it->second.value;
}

}  // namespace headrace::config
