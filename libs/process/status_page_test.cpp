// SPDX-License-Identifier: Apache-2.0
#include "process/status_page.hpp"

#include <gtest/gtest.h>

namespace headrace::process {
namespace {

http::Response get(const StatusPage& page, const std::string& path) {
  http::Request request;
  request.method = "GET";
  request.path = path;
  return page.answer(request);
}

TEST(StatusPage, SaysWhyTheProcessCannotWork) {
  Metrics metrics;
  std::string reason = "not connected to Redis yet";
  const StatusPage page([&] { return Health{reason, {{"process", "scheduler"}}}; }, metrics);
  auto answer = get(page, "/healthz");
  EXPECT_EQ(answer.status, 503);
  auto said = json::parse(answer.body);
  ASSERT_TRUE(said) << answer.body;
  EXPECT_FALSE((*said)["healthy"].as_bool());
  EXPECT_EQ((*said)["reason"].as_string(), reason);
  EXPECT_EQ((*said)["process"].as_string(), "scheduler");

  reason.clear();
  answer = get(page, "/healthz");
  EXPECT_EQ(answer.status, 200);
  EXPECT_TRUE((*json::parse(answer.body))["healthy"].as_bool());
}

TEST(StatusPage, ShowsMetricsAndNothingElse) {
  Metrics metrics;
  metrics.count("headrace_things_total");
  const StatusPage page([] { return Health{}; }, metrics);
  EXPECT_NE(get(page, "/metrics").body.find("headrace_things_total 1\n"), std::string::npos);
  EXPECT_EQ(get(page, "/").status, 404);
}

}  // namespace
}  // namespace headrace::process
