// SPDX-License-Identifier: Apache-2.0
// A hook becomes a change, a build, a log and an answer of the REST API; and the same by hand.
#include <gtest/gtest.h>

#include "support/headrace_up.hpp"

namespace headrace::test {
namespace {

const std::string kConfig = R"(
worker.embedded "local" { slots = 2 }
hook.base {}
builder "hello" {
  workers = { "local" },
  steps = {
    step.shell "greet" { command = { "echo", interpolate "hello %(prop:branch)s" } },
    step.shell "both" { command = "echo out; echo err >&2; printf unfinished" },
    step.shell "check" { command = { "test", property("wrong", "no"), "=", "no" } },
  },
}
builder "long" { workers = { "local" }, steps = { step.shell "wait" { command = "echo begun; sleep 600" } } }
scheduler.branch "main" { branch = "main", builders = { "hello" } }
scheduler.force "force" { builders = { "hello", "long" } }
)";

TEST(FirstBuild, AHookBecomesABuildAndAnAnswer) {
  HeadraceUp up(kConfig);
  up.start();
  up.post_change({{"author", "Ann <ann@example.org>"},
                  {"branch", "main"},
                  {"revision", "4711"},
                  {"comments", "a change"},
                  {"files", R"(["src/a.c"])"},
                  {"project", "demo"},
                  {"repository", "https://git.example.org/demo"}});
  up.post_change({{"author", "Bob"}, {"branch", "other"}, {"comments", "of no interest"}, {"files", "[]"}});

  const auto build = up.wait_build("hello", 1);
  EXPECT_EQ(build["results"].int_or(-1), 0) << up.everything_said();
  EXPECT_EQ(build["properties"]["branch"].as_array()[0].string_or(""), "main");
  EXPECT_EQ(build["properties"]["revision"].as_array()[0].string_or(""), "4711");
  EXPECT_EQ(build["properties"]["scheduler"].as_array()[0].string_or(""), "main");
  const auto id = build["buildid"].int_or(0);

  const auto changes = up.rest("/builds/" + std::to_string(id) + "/changes")["changes"].as_array();
  ASSERT_EQ(changes.size(), 1u);
  EXPECT_EQ(changes[0]["author"].string_or(""), "Ann <ann@example.org>");
  EXPECT_EQ(up.rest("/changes")["changes"].as_array().size(), 2u);

  const auto steps = up.rest("/builds/" + std::to_string(id) + "/steps")["steps"].as_array();
  ASSERT_EQ(steps.size(), 3u);
  EXPECT_EQ(steps[0]["name"].string_or(""), "greet");
  EXPECT_EQ(steps[1]["results"].int_or(-1), 0);
  EXPECT_NE(up.raw_log(id, "greet").find("hello main\n"), std::string::npos);

  const auto log = up.headrace({"log", std::to_string(id) + "/both/stdio", "--channels", "o"});
  EXPECT_EQ(log.status, 0) << log.err;
  EXPECT_EQ(log.out, "out\nunfinished");
  EXPECT_EQ(up.headrace({"log", "hello#1/both/stdio", "--channels", "e"}).out, "err\n");
  EXPECT_EQ(up.wait_builds(1).size(), 1u) << "the other branch is not built";
  EXPECT_EQ(up.stop(), 0);
}

TEST(FirstBuild, ForceFollowsTheBuildAndTellsItsResult) {
  HeadraceUp up(kConfig);
  up.start();
  const auto good =
      up.headrace({"force", "hello", "--branch", "topic", "--owner", "ann", "--reason", "just so", "--wait"});
  EXPECT_EQ(good.status, 0) << good.out << good.err << up.everything_said();
  EXPECT_NE(good.out.find("hello#1: success"), std::string::npos) << good.out;
  const auto build = up.wait_build("hello", 1);
  EXPECT_EQ(build["properties"]["reason"].as_array()[0].string_or(""), "just so");
  EXPECT_EQ(build["properties"]["owner"].as_array()[0].string_or(""), "ann");
  EXPECT_EQ(build["properties"]["branch"].as_array()[0].string_or(""), "topic");
  const auto sets = up.rest("/buildsets")["buildsets"].as_array();
  ASSERT_EQ(sets.size(), 1u);
  EXPECT_EQ(sets[0]["reason"].string_or(""), "A build was forced by 'ann': just so");

  const auto bad = up.headrace({"force", "hello", "--property", "wrong=yes", "--wait"});
  EXPECT_EQ(bad.status, 1) << bad.out;
  EXPECT_EQ(up.wait_build("hello", 2)["results"].int_or(-1), 2);

  const auto unknown = up.headrace({"force", "helo"});
  EXPECT_EQ(unknown.status, 2);
  EXPECT_NE(unknown.err.find("'helo'"), std::string::npos) << unknown.err;
  EXPECT_EQ(up.stop(), 0);
}

TEST(FirstBuild, StopEndsARunningBuildAndTakesARequestFromTheQueue) {
  HeadraceUp up(kConfig);
  up.start();
  ASSERT_EQ(up.headrace({"force", "long"}).status, 0);
  wait_for(
      "the step's output", HeadraceUp::kLimit,
      [&] {
        return up.headrace({"log", "1"}).out.find("begun") != std::string::npos;
      },
      [&] { return up.everything_said(); });
  ASSERT_EQ(up.headrace({"force", "long"}).status,
            0);  // waits behind the first: one build of a builder at a time
  const auto waiting = up.headrace({"stop", "--request", "2"});
  EXPECT_EQ(waiting.status, 0) << waiting.err;
  const auto running = up.headrace({"stop", "1", "--reason", "enough"});
  EXPECT_EQ(running.status, 0) << running.err;
  EXPECT_EQ(up.wait_build("long", 1)["results"].int_or(-1), 6);
  EXPECT_EQ(up.wait_builds(1).size(), 1u);
  EXPECT_NE(up.headrace({"stop", "1"}).status, 0) << "it has ended";
  EXPECT_EQ(up.stop(), 0);
}

TEST(FirstBuild, SendchangeAndEvents) {
  HeadraceUp up(kConfig);
  up.start();
  const auto sent = up.headrace({"sendchange", "a.c", "b.c", "--branch", "main", "--revision", "r1",
                                 "--author", "Ann", "-m", "two files", "--property", "n=7"});
  EXPECT_EQ(sent.out, "change 1\n") << sent.err;
  up.wait_build("hello", 1);
  const auto change = up.rest("/changes/1")["changes"].as_array().at(0);
  EXPECT_EQ(change["files"].as_array().size(), 2u);
  EXPECT_EQ(change["properties"]["n"].as_array().at(0).int_or(0), 7);

  const auto events = up.headrace({"events", "--topic", "build."});
  EXPECT_EQ(events.status, 0) << events.err;
  EXPECT_NE(events.out.find("\"topic\":\"build.finished.hello\""), std::string::npos) << events.out;
  EXPECT_EQ(events.out.find("change.new"), std::string::npos);

  // Followed over the bus, every number comes once and in order.
  Program follower({HeadraceUp::binary("headrace"), "events", "-f", "--after", "0", "--data", up.data()});
  ASSERT_EQ(up.headrace({"force", "hello", "--wait"}).status, 0);
  wait_for(
      "the end of the second build", HeadraceUp::kLimit,
      [&] {
        const auto text = follower.output();
        const auto first = text.find("build.finished.hello");
        return first != std::string::npos &&
               text.find("build.finished.hello", first + 1) != std::string::npos;
      },
      [&] { return follower.output(); });
  std::istringstream lines(follower.output());
  std::int64_t next = 1;
  for (std::string line; std::getline(lines, line); ++next) {
    const auto event = json::parse(line);
    ASSERT_TRUE(event) << line;
    ASSERT_EQ((*event)["number"].int_or(0), next);
  }
  follower.signal(SIGINT);
  EXPECT_EQ(follower.wait(20s), 0);
  EXPECT_EQ(up.stop(), 0);
}

}  // namespace
}  // namespace headrace::test
