// SPDX-License-Identifier: Apache-2.0
#include "service/metrics.hpp"

#include <fmt/format.h>

namespace headrace::service {
namespace {

// A name's family is announced once, before its first line.
void announce(std::string& out, std::string& family, const std::string& name, const char* type) {
  const std::string bare = name.substr(0, name.find('{'));
  if (bare == family) return;
  family = bare;
  out += fmt::format("# TYPE {} {}\n", bare, type);
}

}  // namespace

std::string Metrics::render() const {
  std::string out, family;
  for (const auto& [name, value] : counters_) {
    announce(out, family, name, "counter");
    out += fmt::format("{} {}\n", name, value);
  }
  for (const auto& [name, value] : gauges_) {
    announce(out, family, name, "gauge");
    out += fmt::format("{} {}\n", name, value());
  }
  return out;
}

}  // namespace headrace::service
