// SPDX-License-Identifier: Apache-2.0
// The git step in a build. Its sequence with the real git: git/checkout_test.cpp.
#include <gtest/gtest.h>

#include "worker/testing/world.hpp"

namespace headrace::worker::testing {

TEST(GitStep, CollectsTheRevisionsOfItsCodebasesAndShowsTheEnvironmentOnce) {
  World world;
  world.script = [](const StartCommand& c) {
    Script s;
    if (c.argv.back() == "HEAD") s.prints = {{0ms, 'o', "abc\n"}};
    if (c.argv[0] == "/bin/sh") s.exit.code = 1;  // no repository yet
    return s;
  };
  std::vector<wire::StepPlan> steps;
  for (const char* codebase : {"app", "lib"}) {
    wire::StepPlan step;
    step.kind = "git";
    step.name = codebase;
    step.workdir = codebase;
    step.options = json::Object{{"url", "/srv/x"}, {"codebase", codebase}};
    steps.push_back(step);
  }
  const auto request = world.server.add(plan(steps));
  ASSERT_TRUE(world.run_until([&] { return world.server.all_finished(); }));
  const auto& b = world.server.build(request);
  EXPECT_EQ(b.finish->results, Results::success);
  EXPECT_EQ(b.steps[0].state_string, "update");
  EXPECT_EQ(b.properties.at("got_revision").value, json::Value(json::Object{{"app", "abc"}, {"lib", "abc"}}));
  EXPECT_EQ(world.started.at(0).env.at("GIT_TERMINAL_PROMPT"), "0");
  EXPECT_EQ(world.started.at(0).directory, "/base/builder/app");
  const auto log = b.log(0, "stdio");
  EXPECT_NE(log.find(" environment:"), std::string::npos);
  EXPECT_EQ(log.find(" environment:"), log.rfind(" environment:"));
}

}  // namespace headrace::worker::testing
