// SPDX-License-Identifier: Apache-2.0
#include "worker/core/steps/command/warning_counter.hpp"

#include <gtest/gtest.h>

namespace headrace::worker {

TEST(WarningCounter, CountsMatchingLinesHoweverTheyArrive) {
  auto c = WarningCounter::make("(?i).*warning[: ].*");
  ASSERT_TRUE(c);
  c->on_output('e', "a.c:1: warn");
  c->on_output('o', "note: no\n");
  c->on_output('e', "ing: unused\nb.c:2: Warning: x\r\nfine\n");
  c->on_output('o', "last warning ");
  EXPECT_EQ(c->count(), 2);
  c->finish();
  EXPECT_EQ(c->count(), 3);
  EXPECT_EQ(c->lines(), "a.c:1: warning: unused\nb.c:2: Warning: x\nlast warning \n");
}

TEST(WarningCounter, MatchesFromTheStartOfALineAsBuildbotDoes) {
  auto c = WarningCounter::make("warning");
  c->on_output('o', "warning here\na warning not at the start\n");
  EXPECT_EQ(c->count(), 1);
}

TEST(WarningCounter, NamesABrokenPattern) {
  const auto c = WarningCounter::make("a(b");
  ASSERT_FALSE(c);
  EXPECT_NE(c.error().text.find("'a(b' is wrong at character 3"), std::string::npos) << c.error().text;
}

TEST(WarningCounter, APatternThatExplodesEnds) {
  auto c = WarningCounter::make("(a+)+$");
  ASSERT_TRUE(c);
  for (int i = 0; i < 20; ++i) c->on_output('o', std::string(5000, 'a') + "b\n");
  c->on_output('o', "aaa\n");
  EXPECT_EQ(c->count(), 1);
}

TEST(WarningCounter, KeepsABoundedList) {
  auto c = WarningCounter::make("w");
  const std::string line = "w" + std::string(1000, 'x') + "\n";
  for (int i = 0; i < 3000; ++i) c->on_output('o', line);
  c->on_output('o', std::string(10 << 20, 'w'));
  c->finish();
  EXPECT_EQ(c->count(), 3001);
  EXPECT_LT(c->lines().size(), 1100u * 1024);
}

}  // namespace headrace::worker
