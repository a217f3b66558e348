// SPDX-License-Identifier: Apache-2.0
#include "config/site.hpp"

#include <algorithm>

#include "config/configuration.hpp"

namespace headrace::config {
namespace {

template <class All>
auto* by_name(const All& all, std::string_view name) {
  const auto it = std::find_if(all.begin(), all.end(), [&](const auto& one) { return one.name == name; });
  return it == all.end() ? nullptr : &*it;
}

}  // namespace

bool Selector::matches(std::string_view name) const {
  return std::any_of(patterns.begin(), patterns.end(),
                     [&](const std::string& pattern) { return pattern == name || name_glob(pattern, name); });
}

void read_option(const json::Value& value, Selector& to) { read_value(value, to.patterns); }

const Worker* Site::worker(std::string_view name) const { return by_name(workers, name); }
const Builder* Site::builder(std::string_view name) const { return by_name(builders, name); }
const Scheduler* Site::scheduler(std::string_view name) const { return by_name(schedulers, name); }

}  // namespace headrace::config
