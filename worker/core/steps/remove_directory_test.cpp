// SPDX-License-Identifier: Apache-2.0
#include "worker/core/steps/remove_directory.hpp"

#include <gtest/gtest.h>

#include "worker/testing/world.hpp"

namespace headrace::worker::testing {
namespace {

wire::StepPlan removing(json::Value dir) {
  wire::StepPlan step;
  step.kind = "remove_directory";
  step.name = "clean";
  step.options = json::Object{{"dir", std::move(dir)}};
  return step;
}

TEST(RemoveDirectory, RemovesBelowTheBuildersDirectory) {
  World world;
  const auto request = world.server.add(plan({removing("build/-out/")}));
  ASSERT_TRUE(world.run_until([&] { return world.server.all_finished(); }));
  ASSERT_EQ(world.started.size(), 1u);
  EXPECT_EQ(world.started[0].argv, (std::vector<std::string>{"rm", "-rf", "--", "build/-out"}));
  EXPECT_EQ(world.started[0].directory, "/base/builder");
  const auto& build = world.server.build(request);
  EXPECT_EQ(build.finish->results, Results::success);
  EXPECT_EQ(build.steps[0].state_string, "Deleted");
}

TEST(RemoveDirectory, FailsWhenSomethingIsLeft) {
  World world;
  world.script = [](const StartCommand&) {
    Script s;
    s.exit.code = 1;
    return s;
  };
  const auto request = world.server.add(plan({removing("build")}));
  ASSERT_TRUE(world.run_until([&] { return world.server.all_finished(); }));
  EXPECT_EQ(world.server.build(request).finish->results, Results::failure);
}

TEST(RemoveDirectory, RunsNothingForWhatIsNoDirectoryOfTheBuilder) {
  for (const json::Value& dir :
       {json::Value(""), json::Value("."), json::Value("/"), json::Value("/srv"), json::Value(".."),
        json::Value("a/../.."), json::Value("./"), json::Value("a/.."), json::Value(7), json::Value()}) {
    World world;
    const auto request = world.server.add(plan({removing(dir)}));
    ASSERT_TRUE(world.run_until([&] { return world.server.all_finished(); }));
    EXPECT_EQ(world.server.build(request).finish->results, Results::exception) << json::write(dir);
    EXPECT_TRUE(world.started.empty()) << json::write(dir);
    EXPECT_NE(directory_to_remove(dir).error().text.find(json::write(dir)), std::string::npos);
  }
}

}  // namespace
}  // namespace headrace::worker::testing
