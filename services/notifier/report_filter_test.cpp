// SPDX-License-Identifier: Apache-2.0
#include "notifier/report_filter.hpp"

#include <gtest/gtest.h>

namespace headrace::notifier {
namespace {

const Results kAll[] = {Results::success,   Results::warnings, Results::failure,  Results::skipped,
                        Results::exception, Results::retry,    Results::cancelled};

// The verdicts that `mode` tells of after `previous`, as letters: S W F K(skipped) E R C.
std::string told(const std::vector<std::string>& mode, std::optional<Results> previous) {
  std::string out;
  for (const Results r : kAll)
    if (mode_wants(mode, r, previous)) out += "SWFKERC"[static_cast<int>(r)];
  return out;
}

TEST(Mode, TellsOfOneVerdict) {
  EXPECT_EQ(told({"failing"}, {}), "F");
  EXPECT_EQ(told({"passing"}, {}), "S");
  EXPECT_EQ(told({"warnings"}, {}), "W");
  EXPECT_EQ(told({"exception"}, {}), "E");
  EXPECT_EQ(told({"cancelled"}, {}), "C");
  EXPECT_EQ(told({}, Results::success), "");
}

TEST(Mode, ChangeNeedsAPreviousBuildWithAnotherVerdict) {
  EXPECT_EQ(told({"change"}, {}), "");
  EXPECT_EQ(told({"change"}, Results::success), "WFKEC");
  EXPECT_EQ(told({"change"}, Results::failure), "SWKEC");
  EXPECT_EQ(told({"change"}, Results::cancelled), "SWFKE");
}

TEST(Mode, ProblemIsAFailureAfterSomethingElse) {
  EXPECT_EQ(told({"problem"}, {}), "");
  EXPECT_EQ(told({"problem"}, Results::failure), "");
  EXPECT_EQ(told({"problem"}, Results::success), "F");
  EXPECT_EQ(told({"problem"}, Results::exception), "F");
}

TEST(Mode, SeveralAreOred) {
  EXPECT_EQ(told({"failing", "passing", "warnings"}, Results::failure), "SWF");
  EXPECT_EQ(told({"change", "failing"}, Results::failure), "SWFKEC");
}

TEST(Mode, RetryIsNeverTold) {
  const std::vector<std::string> every = {"change",   "failing",   "passing",  "problem",
                                          "warnings", "exception", "cancelled"};
  EXPECT_EQ(told(every, Results::success), "SWFKEC");
  config::Reporter http;
  http.kind = "http";
  BuildReport report;
  report.results = Results::retry;
  EXPECT_FALSE(wants(http, report));
  report.results = Results::skipped;
  EXPECT_TRUE(wants(http, report)) << "without modes HTTP tells of every end";
}

class Filter : public testing::Test {
 protected:
  Filter() {
    reporter.kind = "mail";
    reporter.mode = {"failing"};
    report.results = Results::failure;
    report.build.builder = "kernel";
    report.build.properties["scheduler"] = {"nightly", "Scheduler"};
    report.build.properties["branch"] = {"release/2.0", "Build"};
    report.tags = {"c", "slow"};
  }
  config::Reporter reporter;
  BuildReport report;
};

TEST_F(Filter, WithoutFiltersEverythingPasses) {
  EXPECT_TRUE(wants(reporter, report));
  report.results = Results::success;
  EXPECT_FALSE(wants(reporter, report));
}

TEST_F(Filter, BuildersAreASelector) {
  reporter.builders = config::Selector{{"doc", "ker*"}};
  EXPECT_TRUE(wants(reporter, report));
  reporter.builders = config::Selector{{"doc"}};
  EXPECT_FALSE(wants(reporter, report));
}

TEST_F(Filter, OneCommonTagIsEnough) {
  reporter.tags = {"fast", "slow"};
  EXPECT_TRUE(wants(reporter, report));
  reporter.tags = {"fast"};
  EXPECT_FALSE(wants(reporter, report));
  reporter.tags = std::vector<std::string>{};
  EXPECT_FALSE(wants(reporter, report));
}

TEST_F(Filter, BranchIsTheProperty) {
  reporter.branches = {"release/*"};
  EXPECT_TRUE(wants(reporter, report));
  reporter.branches = {"main"};
  EXPECT_FALSE(wants(reporter, report));
  report.build.properties.erase("branch");
  EXPECT_FALSE(wants(reporter, report));
  report.build.sourcestamps.resize(2);
  report.build.sourcestamps[1].branch = "main";
  EXPECT_TRUE(wants(reporter, report)) << "of several codebases any branch counts";
}

TEST_F(Filter, SchedulerIsTheProperty) {
  reporter.schedulers = {"nightly"};
  EXPECT_TRUE(wants(reporter, report));
  reporter.schedulers = {"force"};
  EXPECT_FALSE(wants(reporter, report));
  report.build.properties.erase("scheduler");
  EXPECT_FALSE(wants(reporter, report));
}

TEST_F(Filter, AllFiltersHaveToPass) {
  reporter.builders = config::Selector{{"kernel"}};
  reporter.branches = {"release/*"};
  reporter.schedulers = {"force"};
  EXPECT_FALSE(wants(reporter, report));
}

}  // namespace
}  // namespace headrace::notifier
