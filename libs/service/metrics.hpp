// SPDX-License-Identifier: Apache-2.0
// Counters and gauges in Prometheus' text format.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>

namespace headrace::service {

/// One thread: the loop's.
class Metrics {
 public:
  /// A number that only grows. @param name  with labels if any: `headrace_builds_total{result="success"}`
  void count(const std::string& name, std::int64_t by = 1) { counters_[name] += by; }
  /// A number that is asked for when somebody looks.
  void gauge(const std::string& name, std::function<double()> value) { gauges_[name] = std::move(value); }
  std::string render() const;

 private:
  std::map<std::string, std::int64_t> counters_;
  std::map<std::string, std::function<double()>> gauges_;
};

}  // namespace headrace::service
