// SPDX-License-Identifier: Apache-2.0
// A worker whose lease has run out by its own count.
#include <gtest/gtest.h>

#include "worker/testing/world.hpp"

namespace headrace::worker::testing {
namespace {

Script lasting(milliseconds time) {
  Script s;
  s.prints.push_back({time, 'o', "done\n"});
  return s;
}

/// A build of two steps whose worker is cut off until its lease is over and the first step has ended.
std::int64_t cut_off_between_two_steps(World& world) {
  world.script = [](const StartCommand&) { return lasting(40s); };
  const auto request = world.server.add(plan({shell("a"), shell("b")}));
  EXPECT_TRUE(world.run_until([&] { return world.started.size() == 1; }));
  world.network_down = true;
  world.run_for(60s);
  EXPECT_EQ(world.running(), 0);
  EXPECT_EQ(world.started.size(), 1u);
  return request;
}

}  // namespace

// Past its lease the build may be another worker's: the step that runs goes on, the next one waits.
TEST(Lease, PastTheLeaseNothingStartsBeforeTheServerHasAnswered) {
  World world;
  cut_off_between_two_steps(world);
  world.network_down = false;
  ASSERT_TRUE(world.run_until([&] { return world.started.size() == 2; }, 30s));
  ASSERT_TRUE(world.run_until([&] { return world.server.all_finished(); }, 120s));
}

TEST(Lease, ABuildThatWasGivenAwayMeanwhileStartsNothing) {
  World world;
  const auto request = cut_off_between_two_steps(world);
  world.server.fence(request);
  world.network_down = false;
  world.run_for(30s);
  EXPECT_EQ(world.started.size(), 1u);
  EXPECT_EQ(world.core->status().builds, 0);
}

TEST(Lease, ACommandThatIsCancelledBeforeItCouldStartHasEnded) {
  World world;
  const auto request = cut_off_between_two_steps(world);
  world.server.cancel(request, "by ann");
  world.network_down = false;
  ASSERT_TRUE(world.run_until([&] { return world.server.all_finished(); }, 60s));
  EXPECT_EQ(world.started.size(), 1u);
  EXPECT_EQ(world.server.build(request).finish->results, Results::cancelled);
}

}  // namespace headrace::worker::testing
