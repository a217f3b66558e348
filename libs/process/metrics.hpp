// SPDX-License-Identifier: Apache-2.0
// Counters and gauges in Prometheus' text format. Each family has a line that says what it counts.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>

namespace headrace::process {

/// One thread: the loop's. Names may carry labels: `headrace_polls_total{poller="kernel"}`; the family is
/// what stands before the brace.
class Metrics {
 public:
  /// Announces a counter, which shows 0 until it is counted. @param family  without labels
  void counter(const std::string& family, const std::string& help);
  /// Adds to a number that only grows. A family that nobody has announced is shown without help.
  void count(const std::string& name, std::int64_t by = 1) { counters_[name] += by; }

  /// A number that is asked for when somebody looks.
  void gauge(const std::string& name, const std::string& help, std::function<double()> value);
  /// The same for a number that only grows and is kept elsewhere.
  void counter(const std::string& name, const std::string& help, std::function<std::int64_t()> value);

  std::string render() const;

 private:
  std::map<std::string, std::string> help_;  ///< by family
  std::map<std::string, std::int64_t> counters_;
  std::map<std::string, std::function<double()>> gauges_;
  std::map<std::string, std::function<std::int64_t()>> kept_elsewhere_;
};

}  // namespace headrace::process
