// SPDX-License-Identifier: Apache-2.0
#include "config/configuration.hpp"

#include "config/filter_run.hpp"
#include "config/interpreter.hpp"
#include "config/site_builder.hpp"

namespace headrace::config {

struct Configuration::Impl {
  Impl(const Loader& loader, Problems& problems) : interpreter(loader, problems) {}

  Interpreter interpreter;
  std::vector<FunctionInfo> functions;
  Site site;
  Patterns patterns;
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

Result<bool> Configuration::matches(const ChangeFilter& filter, const wire::Change& change) {
  const FilterRun::CallFunction function = [this](FunctionId id, const json::Value& argument) {
    return call(id, argument);
  };
  return FilterRun(impl_->patterns, function, change).matches(filter);
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
