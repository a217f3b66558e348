// SPDX-License-Identifier: Apache-2.0
// What a build does with its plan: sequence, results, texts, logs, time-outs, questions.
#include <gtest/gtest.h>

#include <cerrno>

#include "logchunk/chunk.hpp"
#include "worker/testing/world.hpp"

namespace headrace::worker::testing {
namespace {

/// Exit codes by the shell text that is run ("exit 3" → 3).
Script by_exit_code(const StartCommand& c) {
  Script s;
  const auto& text = c.argv.back();
  if (text.starts_with("exit ")) s.exit.code = std::stoi(text.substr(5));
  if (text.starts_with("sleep")) s.for_ever = true;
  return s;
}

FakeBuild& run(World& world, wire::BuildPlan p) {
  const auto request = world.server.add(std::move(p));
  EXPECT_TRUE(world.run_until([&] { return world.server.all_finished(); }));
  EXPECT_TRUE(world.server.errors.empty()) << world.server.errors.front();
  return world.server.build(request);
}

std::string headers(const FakeBuild& b, int step) { return logchunk::unframe(b.log(step, "stdio"), "h"); }

}  // namespace

TEST(Build, ATrivialBuildIsOneReport) {
  World world;
  auto& b = run(world, plan({shell("true", "a")}));
  ASSERT_TRUE(b.finish);
  EXPECT_EQ(b.finish->results, Results::success);
  EXPECT_EQ(b.finish->state_string, "build successful");
  EXPECT_EQ(b.reports, 1);
  ASSERT_EQ(b.steps.size(), 1u);
  EXPECT_EQ(b.steps[0].name, "a");
  EXPECT_EQ(b.steps[0].state_string, "'true'");
  EXPECT_EQ(b.properties.at("buildnumber").value, json::Value(1));
  EXPECT_EQ(b.properties.at("builddir").value, json::Value("/base/builder"));
  EXPECT_EQ(world.started[0].directory, "/base/builder/build");
  EXPECT_EQ(world.started[0].argv, (std::vector<std::string>{"/bin/sh", "-c", "true"}));
}

TEST(Build, TheLogHasBuildbotsHeaders) {
  World world;
  world.script = [](const StartCommand&) {
    Script s;
    s.prints = {{1ms, 'o', "out\n"}, {1ms, 'e', "err\n"}, {0ms, 'o', "end"}};
    s.exit.code = 3;
    return s;
  };
  auto step = shell("", "a");
  step.command = json::Array{"make", "a b"};
  step.env = json::Object{{"A", "x"}};
  step.max_time_ms = 1000;
  auto& b = run(world, plan({step}));
  EXPECT_EQ(
      headers(b, 0),
      "make 'a b'\n in dir /base/builder/build (timeout 1200 secs) (maxTime 1 sec)\n argv: ['make', 'a b']\n"
      " environment:\n  A=x\n  PATH=/bin\n  PWD=/base/builder/build\n"
      "program finished with exit code 3\nelapsedTime=0.002000\n");
  EXPECT_EQ(logchunk::unframe(b.log(0, "stdio"), "o"), "out\nend");
  EXPECT_EQ(logchunk::unframe(b.log(0, "stdio"), "e"), "err\n");
  EXPECT_EQ(b.steps[0].state_string, "'make a b' (failure)");
  EXPECT_EQ(b.finish->state_string, "failed 'make a b' (failure)");
}

TEST(Build, CombinesResultsAsBuildbotDoes) {
  struct Case {
    std::vector<std::pair<std::string, StepFlags>> steps;
    Results results;
    std::size_t ran;
    std::string text;
  };
  StepFlags plain, halt, warn, always, always_no_flunk;
  halt.halt_on_failure = true;
  warn.flunk_on_failure = false;
  warn.warn_on_failure = true;
  always.always_run = true;
  always_no_flunk = always;
  always_no_flunk.flunk_on_failure = false;
  const Case cases[] = {
      {{{"exit 0", plain}, {"exit 0", plain}}, Results::success, 2, "build successful"},
      {{{"exit 1", plain}, {"exit 0", plain}}, Results::failure, 2, "failed 'exit 1' (failure)"},
      {{{"exit 1", halt}, {"exit 0", plain}}, Results::failure, 1, "failed 'exit 1' (failure)"},
      {{{"exit 1", halt}, {"exit 0", plain}, {"exit 0", always}},
       Results::failure,
       2,
       "failed 'exit 1' (failure)"},
      {{{"exit 1", warn}, {"exit 0", plain}}, Results::warnings, 2, "warnings 'exit 1' (failure)"},
      {{{"exit 1", halt}, {"exit 1", always_no_flunk}}, Results::failure, 2, "failed 'exit 1' (failure)"},
      {{}, Results::success, 0, "build successful"},
  };
  for (const auto& c : cases) {
    World world;
    world.script = by_exit_code;
    std::vector<wire::StepPlan> steps;
    for (const auto& [command, flags] : c.steps) {
      steps.push_back(shell(command));
      steps.back().flags = flags;
    }
    auto& b = run(world, plan(steps));
    EXPECT_EQ(b.finish->results, c.results) << c.text;
    EXPECT_EQ(b.steps.size(), c.ran) << c.text;
    EXPECT_EQ(b.finish->state_string, c.text);
  }
}

TEST(Build, StepsWithOneNameGetNumbers) {
  World world;
  auto& b =
      run(world, plan({shell("a", "x"), shell("b", "x"), shell("c", "x"), shell("d", std::string(60, 'n'))}));
  EXPECT_EQ(b.steps[0].name, "x");
  EXPECT_EQ(b.steps[1].name, "x_1");
  EXPECT_EQ(b.steps[2].name, "x_2");
  EXPECT_EQ(b.steps[3].name, std::string(50, 'n'));
}

TEST(Build, InterpolatesAtTheStartOfEachStep) {
  World world;
  wire::StepPlan set;
  set.kind = "set_property";
  set.name = "set";
  set.options =
      json::Object{{"property", "flavour"}, {"value", json::Object{{"$interpolate", "%(prop:base)s-2"}}}};
  auto use = shell("", json::Value("use").as_string());
  use.name = json::Object{{"$interpolate", "use %(prop:flavour)s"}};
  use.command = json::Array{"make", json::Object{{"$property", "flavour"}},
                            json::Object{{"$interpolate", "%(worker:host)s"}},
                            json::Object{{"$interpolate", "%(src::revision)s"}}};
  use.description_done = json::Array{"made", "it"};
  auto p = plan({set, use});
  p.properties["base"] = {"sweet", "Scheduler"};
  wire::SourceStamp stamp;
  stamp.revision = "abc";
  p.sourcestamps = {stamp};
  auto& b = run(world, p);
  EXPECT_EQ(world.started.at(0).argv, (std::vector<std::string>{"make", "sweet-2", "mill", "abc"}));
  EXPECT_EQ(b.properties.at("flavour"), (Property{"sweet-2", "set"}));
  EXPECT_EQ(b.steps[0].state_string, "Set");
  EXPECT_EQ(b.steps[1].name, "use sweet-2");
  EXPECT_EQ(b.steps[1].state_string, "made it");
}

TEST(Build, MistakesInAStepAreExceptionsWithTheirReason) {
  const auto with = [](auto change) {
    auto s = shell("true");
    change(s);
    return s;
  };
  const std::pair<wire::StepPlan, const char*> cases[] = {
      {with([](auto& s) {
         s.command = json::Object{{"$interpolate", "%(nope:x)s"}};
       }),
       "invalid Interpolate selector 'nope'"},
      {with([](auto& s) { s.command = json::Array{}; }), "the command is empty: []"},
      {with([](auto& s) { s.kind = "teleport"; }), "does not know steps of kind 'teleport'"},
      {with([](auto& s) {
         s.env = json::Object{{"A", true}};
       }),
       "key 'A' is incorrect"},
      {with([](auto& s) { s.warning_pattern = "("; }), "warning_pattern '(' is wrong"},
      {with([](auto& s) { s.workdir = 7; }), "workdir must be a text, not 7"},
      {with([](auto& s) { s.kind = "git"; }), "git: no url is given"},
      {with([](auto& s) { s.kind = "set_property"; }), "set_property needs a name, not null"},
  };
  for (const auto& [step, text] : cases) {
    World world;
    auto& b = run(world, plan({step, shell("after")}));
    EXPECT_EQ(b.finish->results, Results::exception) << text;
    EXPECT_EQ(b.steps.size(), 1u) << text;
    EXPECT_NE(b.log(0, "err.text").find(text), std::string::npos) << b.log(0, "err.text");
    EXPECT_TRUE(world.started.empty());
  }
}

TEST(Build, TimeOutsKillWithBuildbotsWords) {
  for (const bool total : {false, true}) {
    World world;
    world.script = [total](const StartCommand&) {
      Script s;
      for (int i = 0; i < (total ? 100 : 3); ++i) s.prints.push_back({400ms, 'o', "x\n"});
      s.for_ever = true;
      return s;
    };
    auto step = shell("slow");
    step.timeout_ms = 1000;
    step.max_time_ms = total ? 5000 : 0;
    step.sigterm_ms = 700;
    auto& b = run(world, plan({step}));
    EXPECT_EQ(b.finish->results, Results::failure);
    EXPECT_EQ(b.steps[0].state_string, "'slow' (failure) (timed out)");
    const char* text =
        total
            ? "\ncommand timed out: 5 seconds elapsed running ['/bin/sh', '-c', 'slow'], attempting to kill\n"
            : "\ncommand timed out: 1 seconds without output running ['/bin/sh', '-c', 'slow'], attempting "
              "to kill\n";
    EXPECT_NE(headers(b, 0).find(text), std::string::npos) << headers(b, 0);
    EXPECT_NE(headers(b, 0).find("process killed by signal 9\nprogram finished with exit code -1\n"),
              std::string::npos);
    ASSERT_EQ(world.killed.size(), 1u);
    EXPECT_EQ(world.killed[0].sigterm, 700ms);
  }
}

TEST(Build, TooManyLinesKill) {
  World world;
  world.script = [](const StartCommand&) {
    Script s;
    for (int i = 0; i < 10; ++i) s.prints.push_back({1ms, 'o', "x\ny\n"});
    s.for_ever = true;
    return s;
  };
  auto step = shell("loud");
  step.max_lines = 5;
  auto& b = run(world, plan({step}));
  EXPECT_EQ(b.steps[0].state_string, "'loud' (failure) (max lines reached)");
  EXPECT_NE(headers(b, 0).find("command exceeds max lines: 6/5 written/allowed lines"), std::string::npos);
}

TEST(Build, AMissingCommandIsAFailureThatSaysSo) {
  World world;
  world.script = [](const StartCommand&) {
    Script s;
    s.failure = SpawnFailure{ENOENT, "run", "mkae"};
    return s;
  };
  auto& b = run(world, plan({shell("x")}));
  EXPECT_EQ(b.finish->results, Results::failure);
  EXPECT_EQ(logchunk::unframe(b.log(0, "stdio"), "e"), "mkae: command not found (PATH=/bin)\n");
  EXPECT_NE(headers(b, 0).find("program finished with exit code 127\n"), std::string::npos);
}

TEST(Build, AFullDiskIsAnException) {
  World world;
  world.script = [](const StartCommand&) {
    Script s;
    s.failure = SpawnFailure{ENOSPC, "make directory", "/base/builder/build"};
    return s;
  };
  auto& b = run(world, plan({shell("x")}));
  EXPECT_EQ(b.finish->results, Results::exception);
  EXPECT_EQ(logchunk::unframe(b.log(0, "stdio"), "e"),
            "cannot make directory '/base/builder/build': No space left on device\n");
}

TEST(Build, SkipsAStepThatIsNotWanted) {
  World world;
  auto step = shell("x", "skipped");
  step.do_step_if = json::Object{{"$property", "absent"}};
  step.command = json::Object{{"$interpolate", "%(prop:x:!)s"}};  // never looked at
  step.hide_step_if = true;
  auto& b = run(world, plan({step, shell("y")}));
  EXPECT_EQ(b.steps[0].results, Results::skipped);
  EXPECT_TRUE(b.steps[0].hidden);
  EXPECT_FALSE(b.steps[1].hidden);
  EXPECT_EQ(world.started.size(), 1u);
  EXPECT_EQ(b.finish->results, Results::success);
}

TEST(Build, AsksWhatOnlyTheMasterKnows) {
  World world;
  std::vector<wire::Question> asked;
  world.server.on_question = [&](const wire::Question& q) {
    asked.push_back(q);
    EXPECT_EQ(q.verb, "call");
    const auto call = wire::from_value<wire::CallArguments>(q.arguments).value();
    wire::Answer a;
    if (call.function == 1) a.value = "from the master";
    if (call.function == 2) a.value = call.results == Results::success;
    if (call.function == 3) a.error = "headrace.lua:7: no such field";
    return a;
  };
  auto step = shell("x");
  step.command = json::Array{"echo", json::Object{{"$question", 1}}};
  step.env = json::Object{{"A", json::Object{{"$question", 1}}}};
  step.hide_step_if = json::Object{{"$question", 2}};
  auto broken = shell("y", "broken");
  broken.do_step_if = json::Object{{"$question", 3}};
  auto& b = run(world, plan({step, broken}));
  EXPECT_EQ(world.started.at(0).argv[1], "from the master");
  EXPECT_EQ(world.started.at(0).env.at("A"), "from the master");
  EXPECT_TRUE(b.steps[0].hidden);
  EXPECT_EQ(b.steps[1].results, Results::exception);
  EXPECT_NE(b.log(1, "err.text").find("headrace.lua:7"), std::string::npos);
  ASSERT_EQ(asked.size(), 3u);
  EXPECT_EQ(asked[0].arguments["properties"]["buildnumber"], json::Value(json::Array{1, "Build"}));
}

TEST(Build, CancelEndsTheStepAndRunsOnlyWhatAlwaysRuns) {
  World world;
  world.script = by_exit_code;
  auto always = shell("exit 0", "clean up");
  always.flags.always_run = true;
  const auto request = world.server.add(plan({shell("sleep 100", "long"), shell("exit 0", "never"), always}));
  ASSERT_TRUE(world.run_until([&] { return world.server.build(request).steps.size() == 1; }));
  world.server.cancel(request, "not wanted any more");
  ASSERT_TRUE(world.run_until([&] { return world.server.all_finished(); }));
  auto& b = world.server.build(request);
  ASSERT_EQ(b.steps.size(), 2u);
  EXPECT_EQ(b.steps[0].results, Results::cancelled);
  EXPECT_EQ(b.steps[0].state_string, "'sleep 100' (cancelled)");
  EXPECT_EQ(logchunk::unframe(b.log(0, "cancelled"), "t"), "not wanted any more");
  EXPECT_NE(headers(b, 0).find("\ncommand interrupted, attempting to kill\n"), std::string::npos);
  EXPECT_EQ(b.steps[1].name, "clean up");
  EXPECT_EQ(b.steps[1].results, Results::success);
  EXPECT_EQ(b.finish->results, Results::cancelled);
  EXPECT_EQ(b.finish->state_string, "cancelled 'sleep 100' (cancelled)");
}

TEST(Build, CancelWhileAQuestionIsOpen) {
  World world;
  world.server.on_question = [&](const wire::Question&) { return wire::Answer{}; };
  auto step = shell("x");
  step.command = json::Object{{"$question", 1}};
  const auto request = world.server.add(plan({step}));
  ASSERT_TRUE(world.run_until([&] { return world.sent["question"] > 0; }));
  world.network_down = true;
  world.server.cancel(request, "stop");
  world.run_for(2s);
  world.network_down = false;
  ASSERT_TRUE(world.run_until([&] { return world.server.all_finished(); }));
}

TEST(Build, AProgressBarIsLive) {
  World world;
  world.script = [](const StartCommand&) {
    Script s;
    s.prints = {{10ms, 'o', "50%"}, {5000ms, 'o', " 100%\n"}};
    return s;
  };
  const auto request = world.server.add(plan({shell("x")}));
  ASSERT_TRUE(world.run_until([&] { return !world.server.build(request).steps.empty(); }));
  world.run_for(400ms);
  EXPECT_EQ(logchunk::unframe(world.server.build(request).log(0, "stdio"), "o"), "50%");
  ASSERT_TRUE(world.run_until([&] { return world.server.all_finished(); }));
  EXPECT_EQ(logchunk::unframe(world.server.build(request).log(0, "stdio"), "o"), "50% 100%\n");
}

TEST(Build, AProgressBarThatNeverRestsIsLiveToo) {
  World world;
  world.script = [](const StartCommand&) {
    Script s;
    for (int i = 0; i < 200; ++i) s.prints.push_back({100ms, 'o', "."});
    return s;
  };
  const auto request = world.server.add(plan({shell("dots")}));
  world.run_for(10s);
  EXPECT_GE(logchunk::unframe(world.server.build(request).log(0, "stdio"), "o").size(), 90u);
  ASSERT_TRUE(world.run_until([&] { return world.server.all_finished(); }));
  EXPECT_EQ(logchunk::unframe(world.server.build(request).log(0, "stdio"), "o"), std::string(200, '.'));
}

TEST(Build, TwoBuildsInOneDirectoryWaitForEachOther) {
  World world;
  world.script = by_exit_code;
  const auto first = world.server.add(plan({shell("sleep 1")}));
  ASSERT_TRUE(world.run_until([&] { return world.started.size() == 1; }));
  const auto second = world.server.add(plan({shell("exit 0")}));
  world.run_for(3s);
  EXPECT_EQ(world.started.size(), 1u);
  world.server.cancel(first, "x");
  ASSERT_TRUE(world.run_until([&] { return world.server.all_finished(); }));
  EXPECT_EQ(world.server.build(second).finish->results, Results::success);
}

}  // namespace headrace::worker::testing
