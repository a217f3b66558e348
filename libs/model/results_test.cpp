// SPDX-License-Identifier: Apache-2.0
#include "model/results.hpp"

#include <gtest/gtest.h>

namespace headrace {

TEST(Results, OrdersAsBuildbotDoes) {
  EXPECT_EQ(worst(Results::skipped, Results::success), Results::success);
  EXPECT_EQ(worst(Results::exception, Results::failure), Results::exception);
  EXPECT_EQ(worst(Results::cancelled, Results::retry), Results::cancelled);
}

TEST(Results, FlunkWinsOverWarn) {
  StepFlags f;
  f.warn_on_failure = true;
  EXPECT_EQ(combine(f, Results::failure, Results::success).overall, Results::failure);
  f.flunk_on_failure = false;
  EXPECT_EQ(combine(f, Results::failure, Results::success).overall, Results::warnings);
  f.warn_on_failure = false;
  EXPECT_EQ(combine(f, Results::failure, Results::success).overall, Results::success);
}

TEST(Results, HaltsOnlyWhereAsked) {
  StepFlags f;
  EXPECT_FALSE(combine(f, Results::failure, Results::success).terminate);
  f.halt_on_failure = true;
  EXPECT_TRUE(combine(f, Results::failure, Results::success).terminate);
  EXPECT_TRUE(combine(StepFlags{}, Results::cancelled, Results::success).terminate);
}

TEST(Results, WarningsCountOnlyWhenAsked) {
  StepFlags f;
  EXPECT_EQ(combine(f, Results::warnings, Results::success).overall, Results::success);
  f.warn_on_warnings = true;
  EXPECT_EQ(combine(f, Results::warnings, Results::success).overall, Results::warnings);
  f.flunk_on_warnings = true;
  EXPECT_EQ(combine(f, Results::warnings, Results::success).overall, Results::failure);
}

TEST(Results, SkippedDoesNotWorsen) {
  EXPECT_EQ(combine(StepFlags{}, Results::skipped, Results::success).overall, Results::success);
}

}  // namespace headrace
