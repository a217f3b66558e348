// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "web/history/projector.hpp"

namespace headrace::web {
namespace {

TEST(Sourcestamp, IdsFollowFromTheContent) {
  wire::SourceStamp a, b;
  a.branch = "x";
  b.revision = "x";
  EXPECT_NE(sourcestamp_id(a), sourcestamp_id(b));
  b = a;
  EXPECT_EQ(sourcestamp_id(a), sourcestamp_id(b));
  a.branch = "";
  b.branch.reset();
  EXPECT_NE(sourcestamp_id(a), sourcestamp_id(b));
  EXPECT_LT(sourcestamp_id(a), std::int64_t{1} << 53);
  EXPECT_GT(sourcestamp_id(a), 0);
}

}  // namespace
}  // namespace headrace::web
