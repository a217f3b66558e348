// SPDX-License-Identifier: Apache-2.0
#include "process/metrics.hpp"

#include <fmt/format.h>

namespace headrace::process {
namespace {

struct Family {
  std::string help;
  const char* type = "counter";
  std::map<std::string, std::string> lines;  // name with labels → value
};

std::string family_of(const std::string& name) { return name.substr(0, name.find('{')); }

}  // namespace

void Metrics::counter(const std::string& family, const std::string& help) { help_[family] = help; }

void Metrics::gauge(const std::string& name, const std::string& help, std::function<double()> value) {
  help_[family_of(name)] = help;
  gauges_[name] = std::move(value);
}

void Metrics::counter(const std::string& name, const std::string& help, std::function<std::int64_t()> value) {
  help_[family_of(name)] = help;
  kept_elsewhere_[name] = std::move(value);
}

std::string Metrics::render() const {
  std::map<std::string, Family> families;
  for (const auto& [family, help] : help_) families[family].help = help;
  for (const auto& [name, value] : counters_)
    families[family_of(name)].lines[name] = fmt::format("{}", value);
  for (const auto& [name, value] : kept_elsewhere_)
    families[family_of(name)].lines[name] = fmt::format("{}", value());
  for (const auto& [name, value] : gauges_) {
    auto& family = families[family_of(name)];
    family.type = "gauge";
    family.lines[name] = fmt::format("{}", value());
  }

  std::string out;
  for (const auto& [name, family] : families) {
    if (!family.help.empty()) out += fmt::format("# HELP {} {}\n", name, family.help);
    out += fmt::format("# TYPE {} {}\n", name, family.type);
    if (family.lines.empty()) out += fmt::format("{} 0\n", name);
    for (const auto& [line, value] : family.lines) out += fmt::format("{} {}\n", line, value);
  }
  return out;
}

}  // namespace headrace::process
