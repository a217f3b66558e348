// SPDX-License-Identifier: Apache-2.0
// Silence: a worker that stands still is lost within its lease; a dispatcher or Redis that is away is not
// a reason to retry a build; what comes in while nobody decides is all there later.
#include <gtest/gtest.h>
#include <signal.h>

#include <atomic>
#include <filesystem>
#include <thread>

#include "faults/eight_builders.hpp"
#include "support/headrace_up.hpp"

namespace headrace {
namespace {

using namespace std::chrono_literals;
using std::chrono::milliseconds;
using test::HeadraceUp;

constexpr int kLeaseMs = 4000;

// Leases short enough to wait for.
const std::vector<std::string> kShort = {"--lease-ms", std::to_string(kLeaseMs), "--heartbeat-ms", "500"};

void post(const HeadraceUp& up, int n) {
  up.post_change(
      {{"author", "ann"}, {"comments", "c"}, {"branch", "main"}, {"revision", "r" + std::to_string(n)}});
}

constexpr const char* kOneStep = R"(
hook.base {}
worker.embedded "local" { slots = 1 }
builder "b" { workers = { "local" }, steps = { step.shell { command = "%COMMAND%", log_environ = false } } }
scheduler.branch "main" { builders = { "b" } }
)";

std::string one_step(const std::string& command) {
  std::string out = kOneStep;
  return out.replace(out.find("%COMMAND%"), 9, command);
}

}  // namespace

TEST(Silence, AFrozenWorkerIsLostWithinItsLeaseAndItsStepStopped) {
  HeadraceUp up(
      one_step("echo $$ > ../../../../../pid; if [ -e ../../../../../again ]; then true; else touch "
               "../../../../../again; sleep 1000; fi"),
      kShort);
  up.start();
  post(up, 1);
  test::wait_for("the step to run", 30s, [&] { return std::filesystem::exists(up.folder() + "/again"); });
  const pid_t step = std::stoi(test::read_file(up.folder() + "/pid"));
  up.signal_child("worker-local", SIGSTOP);
  test::wait_for("the build to be given back", 30s,
                 [&] { return up.try_rest("/builds?results=5&limit=1")["meta"]["total"].int_or(0) == 1; });
  test::wait_for("the step to die", 30s, [&] { return ::kill(step, 0) != 0; });
  up.signal_child("worker-local", SIGCONT);
  const auto builds = up.wait_builds(2, 60s);
  EXPECT_EQ(builds.back()["results"].int_or(-1), 0) << up.everything_said();
  EXPECT_EQ(up.stop(), 0);
}

TEST(Silence, TheOnlyDispatcherAwayForTwoLeasesRetriesNothing) {
  HeadraceUp up(one_step("for i in 1 2 3 4 5 6 7 8 9 10 11 12; do echo tick $i; sleep 1; done"), kShort);
  up.start();
  post(up, 1);
  test::wait_for("the step to run", 30s, [&] {
    return up.try_rest("/builds/1/steps")["steps"].is_array() &&
           !up.try_rest("/builds/1/steps")["steps"].as_array().empty();
  });
  up.signal_child("dispatcher", SIGSTOP);
  std::this_thread::sleep_for(milliseconds(2 * kLeaseMs));  // the scenario is the time itself
  up.signal_child("dispatcher", SIGCONT);
  const auto builds = up.wait_builds(1, 60s);
  ASSERT_EQ(builds.size(), 1u);
  EXPECT_EQ(builds[0]["results"].int_or(-1), 0) << up.everything_said();
  EXPECT_NE(up.raw_log(1, "shell").find("tick 11\ntick 12\n"), std::string::npos);
  EXPECT_EQ(up.stop(), 0);
}

TEST(Silence, RedisStoppedUnderLoadLosesNothing) {
  HeadraceUp up(one_step("echo one; sleep 0.1; echo two"), kShort);
  up.start();
  std::atomic<int> answered{0};
  std::atomic<bool> stop{false};
  std::thread sender([&] {
    for (int n = 0; n < 40 && !stop; ++n) {
      post(up, n);
      ++answered;
    }
  });
  test::wait_for("some answers", 30s, [&] { return answered >= 10; });
  up.signal_child("redis", SIGSTOP);
  std::this_thread::sleep_for(milliseconds(2 * kLeaseMs));
  up.signal_child("redis", SIGCONT);
  test::wait_for("all answers", 60s, [&] { return answered == 40; });
  stop = true;
  sender.join();
  const auto builds = up.wait_builds(40, 120s);
  EXPECT_EQ(builds.size(), 40u) << up.everything_said();
  for (const auto& build : builds) EXPECT_EQ(build["results"].int_or(-1), 0);
  EXPECT_EQ(up.stop(), 0);
}

TEST(Silence, ChangesPostedWhileNobodyDecidesAreAllBuiltLater) {
  // The scheduler and the dispatcher are held, not killed, so that `up` does not bring them back.
  HeadraceUp up(test::eight_builders(R"(step.set_property { property = "x", value = "y" })"));
  up.start();
  up.signal_child("scheduler", SIGSTOP);
  up.signal_child("dispatcher", SIGSTOP);
  constexpr int kChanges = 10'000;
  std::vector<std::thread> senders;
  for (int part = 0; part < 4; ++part)
    senders.emplace_back([&, part] {
      for (int n = part; n < kChanges; n += 4) test::post_to_one_of_eight(up, n);
    });
  for (auto& t : senders) t.join();
  test::wait_for("every change to be there", 60s,
                 [&] { return up.try_rest("/changes?limit=1")["meta"]["total"].int_or(0) == kChanges; });
  const pid_t scheduler = up.pid_of("scheduler"), dispatcher = up.pid_of("dispatcher");
  up.signal_child("scheduler", SIGKILL);
  up.signal_child("dispatcher", SIGKILL);
  up.wait_restarted("scheduler", scheduler);
  up.wait_restarted("dispatcher", dispatcher);
  test::wait_for(
      "every request to be complete", 400s,
      [&] {
        std::this_thread::sleep_for(200ms);
        return up.try_rest("/buildrequests?complete=true&results=0&limit=1")["meta"]["total"].int_or(0) ==
               kChanges;
      },
      [&] { return up.everything_said(); });
  EXPECT_EQ(up.rest("/builds?limit=1")["meta"]["total"].int_or(0), kChanges);
  EXPECT_EQ(up.stop(), 0);
}

}  // namespace headrace
