// SPDX-License-Identifier: Apache-2.0
// Every process may die at any moment: a build in ten steps ends with success, once, with every byte.
#include <gtest/gtest.h>
#include <signal.h>

#include <filesystem>
#include <thread>

#include "faults/eight_builders.hpp"
#include "support/headrace_up.hpp"

namespace headrace {
namespace {

using namespace std::chrono_literals;
using test::HeadraceUp;

// Ten steps; each writes 200 numbered lines in pieces, so that something is always under way.
constexpr const char* kTenSteps = R"(
hook.base {}
worker.embedded "local" { slots = 4 }
local steps = {}
for i = 1, 10 do
  steps[i] = step.shell {
    name = "step-" .. i, command = "i=0; while [ $i -lt 200 ]; do echo line $i of )"
                                  R"(" .. i .. "; i=$((i+1)); [ $((i % 50)) -eq 0 ] && sleep 0.1; done",
    log_environ = false }
end
builder "ten" { workers = { "local" }, steps = steps }
scheduler.branch "main" { builders = { "ten" } }
)";

std::string expected_log(int step) {
  std::string out;
  for (int i = 0; i < 200; ++i) out += "line " + std::to_string(i) + " of " + std::to_string(step) + "\n";
  return out;
}

// Waits until the build runs its third step.
void wait_in_the_middle(const HeadraceUp& up, int build) {
  test::wait_for("step 3 of build " + std::to_string(build), 60s, [&] {
    const auto answer = up.try_rest("/builds/" + std::to_string(build) + "/steps");
    return answer["steps"].is_array() && answer["steps"].as_array().size() >= 3;
  });
}

void expect_whole(const HeadraceUp& up, std::int64_t build) {
  for (int step = 1; step <= 10; ++step) {
    const auto raw = up.raw_log(build, "step-" + std::to_string(step));
    EXPECT_NE(raw.find("\n" + expected_log(step) + "program finished"), std::string::npos)
        << "step " << step << ":\n"
        << raw;
  }
}

class KilledService : public testing::TestWithParam<const char*> {};

}  // namespace

TEST_P(KilledService, ABuildOfTenStepsEndsOnceWithEveryByte) {
  HeadraceUp up(kTenSteps);
  up.start();
  up.post_change({{"author", "ann"}, {"comments", "c"}, {"branch", "main"}, {"revision", "1"}});
  wait_in_the_middle(up, 1);
  const pid_t old = up.pid_of(GetParam());
  ASSERT_NE(old, 0);
  up.signal_child(GetParam(), SIGKILL);
  up.wait_restarted(GetParam(), old);
  const auto builds = up.wait_builds(1, 90s);
  ASSERT_EQ(builds.size(), 1u) << up.everything_said();
  EXPECT_EQ(builds[0]["results"].int_or(-1), 0) << up.everything_said();
  expect_whole(up, builds[0]["buildid"].int_or(0));
  EXPECT_EQ(up.stop(), 0);
}

INSTANTIATE_TEST_SUITE_P(EachInTurn, KilledService,
                         testing::Values("bus", "web", "changesource", "scheduler", "dispatcher", "notifier",
                                         "redis"),
                         [](const auto& service) { return std::string(service.param); });

TEST(KilledWorker, ItsStepIsDeadWithinSecondsAndTheBuildIsRetried) {
  HeadraceUp up(R"(
hook.base {}
worker.embedded "local" { slots = 1 }
builder "b" { workers = { "local" }, steps = {
  step.shell { command = "echo $$ > ../../../../../pid; if [ -e ../../../../../again ]; then true; else touch ../../../../../again; sleep 1000; fi" } } }
scheduler.branch "main" { builders = { "b" } }
)");
  up.start();
  up.post_change({{"author", "ann"}, {"comments", "c"}, {"branch", "main"}, {"revision", "1"}});
  const std::string again = up.folder() + "/again", pid_file = up.folder() + "/pid";
  test::wait_for("the step to run", 30s, [&] { return std::filesystem::exists(again); });
  const pid_t step = std::stoi(test::read_file(pid_file));
  up.signal_child("worker-local", SIGKILL);
  test::wait_for("the step to die", 5s, [&] { return ::kill(step, 0) != 0; });
  const auto builds = up.wait_builds(2, 90s);
  ASSERT_EQ(builds.size(), 2u) << up.everything_said();
  EXPECT_EQ(builds[0]["results"].int_or(-1), 5);
  EXPECT_EQ(builds[1]["results"].int_or(-1), 0);
  EXPECT_EQ(up.stop(), 0);
}

TEST(KilledUp, LeavesNoProcessAndTheNextOneGoesOn) {
  HeadraceUp up(kTenSteps);
  up.start();
  up.post_change({{"author", "ann"}, {"comments", "c"}, {"branch", "main"}, {"revision", "1"}});
  wait_in_the_middle(up, 1);
  std::vector<pid_t> children;
  for (const char* child :
       {"redis", "bus", "web", "changesource", "scheduler", "dispatcher", "notifier", "worker-local"})
    children.push_back(up.pid_of(child));
  up.kill();
  for (const pid_t child : children)
    test::wait_for("a child to end", 20s, [&] { return ::kill(child, 0) != 0; });
  up.start();
  test::wait_for("the request to be satisfied", 90s, [&] {
    const auto done = up.try_rest("/buildrequests?complete=true");
    return done["buildrequests"].is_array() && done["buildrequests"].as_array().size() == 1;
  });
  const auto requests = up.rest("/buildrequests");
  EXPECT_EQ(requests["buildrequests"].as_array().at(0)["results"].int_or(-1), 0) << up.everything_said();
  EXPECT_EQ(up.stop(), 0);
}

TEST(KilledEverything, TwoHundredAnsweredHooksAreAllBuiltOnce) {
  HeadraceUp up(test::eight_builders(R"(step.shell { command = { "true" }, log_environ = false })"));
  up.start();
  for (int i = 0; i < 200; ++i) test::post_to_one_of_eight(up, i);
  for (const char* child :
       {"worker-local", "redis", "changesource", "scheduler", "dispatcher", "notifier", "web", "bus"})
    if (const pid_t pid = up.pid_of(child)) ::kill(pid, SIGKILL);
  up.kill();
  up.start();
  test::wait_for("all requests to be complete", 120s, [&] {
    const auto done = up.try_rest("/buildrequests?complete=true&limit=1");
    return done["meta"]["total"].int_or(0) == 200;
  });
  EXPECT_EQ(up.rest("/changes?limit=1")["meta"]["total"].int_or(0), 200);
  EXPECT_EQ(up.rest("/buildrequests?results=0&limit=1")["meta"]["total"].int_or(0), 200)
      << up.everything_said();
  // A build that ran when its worker was killed stands there as RETRY; none succeeded twice.
  EXPECT_EQ(up.rest("/builds?results=0&limit=1")["meta"]["total"].int_or(0), 200);
  EXPECT_EQ(up.stop(), 0);
}

}  // namespace headrace
