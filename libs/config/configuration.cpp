// SPDX-License-Identifier: Apache-2.0
#include "config/configuration.hpp"

#include <algorithm>
#include <unordered_map>

#include "config/interpreter.hpp"
#include "config/pattern.hpp"
#include "config/site_builder.hpp"

namespace headrace::config {

struct Configuration::Impl {
  Impl(const Loader& loader, Problems& problems) : interpreter(loader, problems) {}

  Interpreter interpreter;
  std::vector<FunctionInfo> functions;
  Site site;
  std::unordered_map<std::string, Pattern> patterns;  // compiled, by text
};

Configuration::Configuration() = default;
Configuration::~Configuration() = default;

std::unique_ptr<Configuration> Configuration::evaluate(const Files& files, std::vector<Problem>& problems) {
  const Loader loader = [files](const std::string& path) -> Result<std::string> {
    const auto it = files.texts.find(path);
    if (it != files.texts.end()) return it->second;
    const auto why = files.unreadable.find(path);
    return fail(why != files.unreadable.end() ? why->second : "there is no file '" + path + "'");
  };
  Problems found;
  std::unique_ptr<Configuration> configuration(new Configuration);
  configuration->impl_ = std::make_unique<Impl>(loader, found);
  Impl& impl = *configuration->impl_;
  Declarations declarations = impl.interpreter.run(files.main);
  impl.site = build_site(declarations, found);
  impl.functions = std::move(declarations.functions);
  const auto all = found.in_order();
  problems.insert(problems.end(), all.begin(), all.end());
  if (!all.empty()) return nullptr;
  return configuration;
}

const Site& Configuration::site() const { return impl_->site; }

Result<json::Value> Configuration::call(FunctionId id, const json::Value& argument) {
  if (id < 1 || id > static_cast<FunctionId>(impl_->functions.size()))
    return fail("this configuration has no function " + std::to_string(id));
  return impl_->interpreter.call(impl_->functions[static_cast<std::size_t>(id - 1)], argument);
}

namespace {

// Numbers compare by value, as in Buildbot: 1 is 1.0.
bool same(const json::Value& a, const json::Value& b) {
  if (a.is_number() && b.is_number() && a.is_int() != b.is_int()) return a.as_double() == b.as_double();
  return a == b;
}

bool contains(const std::vector<json::Value>& all, const json::Value& value) {
  return std::any_of(all.begin(), all.end(), [&](const json::Value& one) { return same(one, value); });
}

// Lua's truth: functions are written in it.
bool yes(const json::Value& value) { return !value.is_null() && value != json::Value(false); }

}  // namespace

Result<bool> Configuration::matches(const ChangeFilter& filter, const wire::Change& change) {
  std::optional<Error> error;
  // True when one of `patterns` matches the start; what is no text matches none.
  const auto any = [&](const std::vector<std::string>& patterns, const std::optional<std::string>& text) {
    if (!text) return false;
    for (const auto& source : patterns) {
      auto it = impl_->patterns.find(source);
      if (it == impl_->patterns.end()) {
        auto compiled = Pattern::compile(source);
        if (!compiled) return error = compiled.error(), false;
        it = impl_->patterns.emplace(source, std::move(*compiled)).first;
      }
      const auto matched = it->second.matches_start(*text);
      if (!matched) return error = matched.error(), false;
      if (*matched) return true;
    }
    return false;
  };
  const auto asked = [&](FunctionId function, const json::Value& argument) {
    const auto answer = call(function, argument);
    if (!answer) error = answer.error();
    return answer && yes(*answer);
  };
  const auto value_of = [&](const std::string& attribute) -> std::optional<std::string> {
    if (attribute == "project") return change.project;
    if (attribute == "repository") return change.repository;
    if (attribute == "branch") return change.branch;
    if (attribute == "category") return change.category;
    return change.codebase;
  };
  const auto accepted = [&] {
    for (const auto& [name, a] : filter.attributes) {
      const auto value = value_of(name);
      const auto in = [&](const auto& list) {
        return std::find(list.begin(), list.end(), value) != list.end();
      };
      if (a.eq && !in(*a.eq)) return false;
      if (a.not_equal && in(*a.not_equal)) return false;
      if (!a.re.empty() && !any(a.re, value)) return false;
      if (!a.not_re.empty() && any(a.not_re, value)) return false;
      if (a.fn != 0 && !asked(a.fn, value ? json::Value(*value) : json::Value())) return false;
    }
    const auto property = [&](const std::string& name) {
      const auto it = change.properties.find(name);
      return it == change.properties.end() ? json::Value() : it->second.value;
    };
    const auto text = [&](const std::string& name) {
      const auto value = property(name);
      return value.is_string() ? std::optional(value.as_string()) : std::nullopt;
    };
    for (const auto& [name, values] : filter.property_eq)
      if (!contains(values, property(name))) return false;
    for (const auto& [name, values] : filter.property_not_eq)
      if (contains(values, property(name))) return false;
    for (const auto& [name, patterns] : filter.property_re)
      if (!any(patterns, text(name))) return false;
    for (const auto& [name, patterns] : filter.property_not_re)
      if (any(patterns, text(name))) return false;
    return filter.filter_fn == 0 || asked(filter.filter_fn, change_argument(change));
  }();
  if (error) return tl::unexpected(*error);
  return accepted;
}

json::Value change_argument(const wire::Change& change) {
  const auto text = [](const std::optional<std::string>& s) { return s ? json::Value(*s) : json::Value(); };
  json::Array files(change.files.begin(), change.files.end());
  json::Object properties;
  for (const auto& [name, property] : change.properties) properties[name] = property.value;
  return json::Object{{"author", change.author},
                      {"committer", change.committer},
                      {"comments", change.comments},
                      {"files", std::move(files)},
                      {"revision", text(change.revision)},
                      {"branch", text(change.branch)},
                      {"category", text(change.category)},
                      {"revlink", text(change.revlink)},
                      {"repository", change.repository},
                      {"project", change.project},
                      {"codebase", change.codebase},
                      {"when_timestamp", change.when_ms / 1000},
                      {"properties", std::move(properties)}};
}

}  // namespace headrace::config
