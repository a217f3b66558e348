// SPDX-License-Identifier: Apache-2.0
#include "process/metrics.hpp"

#include <gtest/gtest.h>

namespace headrace::process {

TEST(Metrics, EveryFamilyHasOneHelpAndOneType) {
  Metrics m;
  m.counter("headrace_polls_total", "polls that ended");
  m.count("headrace_polls_total{poller=\"a\"}");
  m.count("headrace_polls_total{poller=\"b\"}", 2);
  m.gauge("headrace_builds", "builds held", [] { return 3.0; });
  m.counter("headrace_bytes_total", "bytes read", [] { return std::int64_t{1} << 40; });
  EXPECT_EQ(m.render(),
            "# HELP headrace_builds builds held\n# TYPE headrace_builds gauge\nheadrace_builds 3\n"
            "# HELP headrace_bytes_total bytes read\n# TYPE headrace_bytes_total counter\n"
            "headrace_bytes_total 1099511627776\n"
            "# HELP headrace_polls_total polls that ended\n# TYPE headrace_polls_total counter\n"
            "headrace_polls_total{poller=\"a\"} 1\nheadrace_polls_total{poller=\"b\"} 2\n");
}

TEST(Metrics, AnAnnouncedCounterShowsNought) {
  Metrics m;
  m.counter("headrace_calls_total", "calls");
  EXPECT_EQ(
      m.render(),
      "# HELP headrace_calls_total calls\n# TYPE headrace_calls_total counter\nheadrace_calls_total 0\n");
}

}  // namespace headrace::process
