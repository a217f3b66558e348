// SPDX-License-Identifier: Apache-2.0
#include "spelling/spelling.hpp"

#include <gtest/gtest.h>

namespace headrace::spelling {
namespace {

const std::vector<std::string> kWords = {"branch", "builder", "builders", "up"};

TEST(Spelling, FindsTheWordThatIsFewestEditsAway) {
  EXPECT_EQ(nearest("branhc", kWords), "branch");   // two letters swapped
  EXPECT_EQ(nearest("buildr", kWords), "builder");  // one left out
  EXPECT_EQ(nearest("bilders", kWords), "builders");
  EXPECT_EQ(did_you_mean("brunch", kWords), ", did you mean 'branch'?");
}

TEST(Spelling, GivesNothingWhenNothingIsNear) {
  EXPECT_EQ(nearest("scheduler", kWords), "");
  EXPECT_EQ(nearest("", kWords), "");
  EXPECT_EQ(nearest("x", kWords), "");
  EXPECT_EQ(nearest(std::string(100'000, 'b'), kWords), "");
  EXPECT_EQ(did_you_mean("branch", {}), "");
}

}  // namespace
}  // namespace headrace::spelling
