// SPDX-License-Identifier: Apache-2.0
// The git step in a build. Its sequence with the real git: git/checkout_test.cpp.
#include <gtest/gtest.h>

#include <algorithm>

#include "worker/testing/world.hpp"

namespace headrace::worker::testing {

TEST(GitStep, CollectsTheRevisionsOfItsCodebasesAndShowsTheEnvironmentOnce) {
  World world;
  world.script = [](const StartCommand& c) {
    Script s;
    if (c.argv[1] == "ls-remote") s.prints = {{0ms, 'o', "ref: refs/heads/main\tHEAD\nabc\tHEAD\n"}};
    if (c.argv[1] == "rev-parse") s.prints = {{0ms, 'o', "abc\n"}};
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
  EXPECT_EQ(world.started.at(0).env.at("GIT_CONFIG_KEY_0"), "gc.autoDetach");
  EXPECT_EQ(world.started.at(0).directory, "/base/builder");
  EXPECT_EQ(world.started.at(1).directory, "/base/builder/app");
  const auto log = b.log(0, "stdio");
  EXPECT_NE(log.find(" environment:"), std::string::npos);
  EXPECT_EQ(log.find(" environment:"), log.rfind(" environment:"));
}

TEST(GitStep, ShowsNoPasswordOfAnAddress) {
  World world;
  world.script = [](const StartCommand& c) {
    Script s;
    if (c.argv[0] == "/bin/sh") s.exit.code = c.argv.back() == "/base/builder/build" ? 1 : 0;
    if (c.argv[1] == "clone") {
      // The token comes in two pieces.
      s.prints = {{0ms, 'e', "Submodule 'lib' (https://ci:to"},
                  {10ms, 'e', "ken@host/lib.git) registered\n"}};
    }
    if (c.argv[1] == "rev-parse") s.prints = {{0ms, 'o', "abc\n"}};
    return s;
  };
  wire::StepPlan step;
  step.kind = "git";
  step.name = "git";
  step.workdir = "build";
  step.options = json::Object{{"url", "https://ci:token@host/app.git"}, {"branch", "main"}};
  const auto request = world.server.add(plan({step}));
  ASSERT_TRUE(world.run_until([&] { return world.server.all_finished(); }));
  const auto log = world.server.build(request).log(0, "stdio");
  EXPECT_EQ(log.find("token"), std::string::npos) << log;
  EXPECT_NE(log.find("https://host/app.git"), std::string::npos) << log;
  EXPECT_NE(log.find("(https://host/lib.git) registered"), std::string::npos) << log;
  const auto clone = std::find_if(world.started.begin(), world.started.end(),
                                  [](const auto& c) { return c.argv[1] == "clone"; });
  ASSERT_NE(clone, world.started.end());
  EXPECT_EQ(clone->argv.at(clone->argv.size() - 2), "https://ci:token@host/app.git");
}

}  // namespace headrace::worker::testing
