// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "logchunk/chunk.hpp"
#include "worker/testing/world.hpp"

namespace headrace::worker::testing {

TEST(CommandStep, DecodesExitCodes) {
  World world;
  world.script = [](const StartCommand& c) {
    Script s;
    s.exit.code = c.argv.back().back() - '0';
    return s;
  };
  auto step = shell("exit 4");
  step.decode_rc = {{0, Results::success}, {4, Results::warnings}};
  step.flags.warn_on_warnings = true;
  auto other = shell("exit 5");
  other.decode_rc = step.decode_rc;
  const auto request = world.server.add(plan({step, other}));
  ASSERT_TRUE(world.run_until([&] { return world.server.all_finished(); }));
  const auto& b = world.server.build(request);
  EXPECT_EQ(b.steps[0].results, Results::warnings);
  EXPECT_EQ(b.steps[1].results, Results::failure);
}

TEST(CommandStep, CountsWarnings) {
  World world;
  world.script = [](const StartCommand&) {
    Script s;
    s.prints = {{0ms, 'e', "a.c: warning: one\nb.c: warning: two\nfine\n"}};
    return s;
  };
  auto step = shell("make", "compile");
  step.warning_pattern = ".*warning[: ].*";
  step.flags.warn_on_warnings = true;
  step.max_warn_count = 2;
  auto more = step;
  more.max_warn_count = 1;
  const auto request = world.server.add(plan({step, more}));
  ASSERT_TRUE(world.run_until([&] { return world.server.all_finished(); }));
  const auto& b = world.server.build(request);
  EXPECT_EQ(b.steps[0].results, Results::warnings);
  EXPECT_EQ(b.steps[1].results, Results::failure);
  EXPECT_EQ(b.properties.at("warnings-count").value, json::Value(4));
  EXPECT_EQ(logchunk::unframe(b.log(0, "warnings (2)"), "t"), "a.c: warning: one\nb.c: warning: two\n");
  EXPECT_EQ(b.steps[0].logs.at(1).slug, "warnings__2_");
  EXPECT_EQ(b.steps[0].logs.at(1).type, "t");
}

TEST(CommandStep, WarningsCountAlsoWhenTheCommandIsKilled) {
  World world;
  world.script = [](const StartCommand&) {
    Script s;
    s.prints = {{0ms, 'e', "warning: one\n"}};
    s.for_ever = true;
    return s;
  };
  auto step = shell("make", "compile");
  step.warning_pattern = "warning";
  step.timeout_ms = 1000;
  const auto request = world.server.add(plan({step}));
  ASSERT_TRUE(world.run_until([&] { return world.server.all_finished(); }));
  const auto& b = world.server.build(request);
  EXPECT_EQ(b.steps[0].results, Results::failure);
  EXPECT_EQ(b.properties.at("warnings-count").value, json::Value(1));
}

}  // namespace headrace::worker::testing
