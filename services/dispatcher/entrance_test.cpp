// SPDX-License-Identifier: Apache-2.0
#include "dispatcher/entrance.hpp"

#include <gtest/gtest.h>

#include "limits/limits.hpp"

namespace headrace::dispatcher {
namespace {

TEST(Entrance, AdmitsHellosOfOneWorkerSoOftenAndThoseOfOthers) {
  Entrance entrance;
  MonoTime now{seconds(1000)};
  int admitted = 0;
  for (int i = 0; i < 10'000; ++i) admitted += entrance.admits("loud", "hello", 100, now += milliseconds(1));
  EXPECT_GE(admitted, 20);
  EXPECT_LE(admitted, 45);
  EXPECT_TRUE(entrance.admits("quiet", "hello", 100, now));
  EXPECT_TRUE(entrance.admits("loud", "heartbeat", 100, now));
  EXPECT_TRUE(entrance.admits("loud", "hello", 100, now + seconds(1)));
}

TEST(Entrance, AdmitsNothingLargerThanItMayBe) {
  Entrance entrance;
  const MonoTime now{seconds(1000)};
  EXPECT_TRUE(entrance.admits("w", "hello", limits::kHelloBytes, now));
  EXPECT_FALSE(entrance.admits("w", "hello", limits::kHelloBytes + 1, now));
  EXPECT_TRUE(entrance.admits("w", "report", limits::kWorkerFrame, now));
  EXPECT_FALSE(entrance.admits("w", "report", limits::kWorkerFrame + 1, now));
  EXPECT_TRUE(entrance.admits("w", "question", limits::kQuestionBytes, now));
  EXPECT_FALSE(entrance.admits("w", "heartbeat", limits::kSmallMessage + 1, now));
  EXPECT_FALSE(entrance.admits("w", "whatever", limits::kSmallMessage + 1, now));
}

TEST(Entrance, NamesWhatNoHelloHas) {
  wire::Hello hello;
  hello.info.facts["host"] = std::string(60'000, 'x');
  hello.held.resize(limits::kHeldClaims);
  EXPECT_EQ(fault_in(hello), "");
  hello.held.resize(limits::kHeldClaims + 1);
  EXPECT_NE(fault_in(hello).find("builds"), std::string::npos);
  hello.info.facts["admin"] = std::string(60'000, 'x');
  EXPECT_NE(fault_in(hello).find("facts"), std::string::npos);
}

}  // namespace
}  // namespace headrace::dispatcher
