// SPDX-License-Identifier: Apache-2.0
// The real worker, launcher, processes and ZeroMQ with CURVE; only the dispatcher is a fake.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "http/client.hpp"
#include "logchunk/chunk.hpp"
#include "worker/platform/processes.hpp"
#include "worker/testing/live_dispatcher.hpp"
#include "worker/testing/world.hpp"

namespace headrace::worker::testing {
namespace {

std::string stream(const FakeBuild& b, int step, const char* channel) {
  return logchunk::unframe(b.log(step, "stdio"), channel);
}

pid_t pid_in(LiveDispatcher& d, const std::string& path) {
  pid_t pid = 0;
  d.run_until([&] { return static_cast<bool>(std::ifstream(path) >> pid); });
  return pid;
}

bool alive(pid_t pid) {
  const auto p = platform::look_at(pid);
  return p && p->state != 'Z';
}

}  // namespace

TEST(WorkerProcess, RunsABuildAndEndsCleanly) {
  LiveDispatcher d;
  auto env = shell("echo $A; echo token=$HEADRACE_WORKER_TOKEN; pwd", "env");
  env.env = json::Object{{"A", "${FROM_WORKER}!"}};
  auto bytes = shell("printf 'a\\000b\\377\\n\\nno end'; printf err >&2; exit 1", "bytes");
  const auto request = d.server.add(plan({env, bytes}));
  const pid_t worker = d.start_worker();
  ASSERT_TRUE(d.run_until([&] { return d.server.all_finished(); })) << d.worker_log();
  const auto& b = d.server.build(request);
  EXPECT_TRUE(d.server.errors.empty());
  EXPECT_EQ(stream(b, 0, "o"), "yes!\ntoken=\n" + d.folder + "/w/builder/build\n");
  EXPECT_EQ(stream(b, 1, "o"), std::string("a\0b\xff\n\nno end", 12));
  EXPECT_EQ(stream(b, 1, "e"), "err");
  EXPECT_EQ(b.finish->results, Results::failure);
  EXPECT_EQ(b.finish->state_string, "failed 'printf 'a\\000b\\377\\n\\nno ...' (failure)");
  kill(worker, SIGTERM);
  EXPECT_EQ(d.wait_for_worker(worker, std::chrono::seconds(5)), 0) << d.worker_log();
  EXPECT_EQ(d.server.goodbye, "SIGTERM");
}

TEST(WorkerProcess, AHundredMegabytesArriveExactly) {
  LiveDispatcher d;
  const auto request = d.server.add(
      plan({shell("yes 'cc -O2 -c a_file_of_the_project.c' | head -c 100000000; echo; echo x | head -c 1"),
            shell("head -c 20000000 /dev/zero")}));
  d.start_worker();
  ASSERT_TRUE(d.run_until([&] { return d.server.all_finished(); }, std::chrono::seconds(90)))
      << d.worker_log();
  const auto& b = d.server.build(request);
  EXPECT_TRUE(d.server.errors.empty());
  EXPECT_EQ(stream(b, 0, "o").size(), 100'000'002u);
  EXPECT_TRUE(stream(b, 1, "o") == std::string(20'000'000, '\0'));
}

TEST(WorkerProcess, ADispatcherThatComesAndGoesCostsNothing) {
  LiveDispatcher d;
  const auto request =
      d.server.add(plan({shell("i=0; while [ $i -lt 150 ]; do echo line $i; i=$((i+1)); sleep 0.02; done"),
                         shell("echo end")}));
  d.start_worker();
  ASSERT_TRUE(d.run_until([&] { return !stream(d.server.build(request), 0, "o").empty(); }))
      << d.worker_log();
  d.hang_up();
  d.server.restart();
  d.run_for(std::chrono::milliseconds(1500));
  d.listen();
  ASSERT_TRUE(d.run_until([&] { return d.server.all_finished(); })) << d.worker_log();
  std::string expected;
  for (int i = 0; i < 150; ++i) expected += "line " + std::to_string(i) + "\n";
  EXPECT_EQ(stream(d.server.build(request), 0, "o"), expected);
  EXPECT_TRUE(d.server.errors.empty());
}

TEST(WorkerProcess, KilledItTakesItsStepsAlongAndTheNextOneStarts) {
  LiveDispatcher d;
  const std::string file = d.folder + "/pid";
  const auto request = d.server.add(plan({shell("echo $$ > " + file + "; sleep 300 & wait")}));
  const pid_t worker = d.start_worker();
  const pid_t step = pid_in(d, file);
  ASSERT_TRUE(alive(step));
  kill(worker, SIGKILL);
  EXPECT_EQ(d.wait_for_worker(worker), 137);
  EXPECT_TRUE(d.run_until([&] { return !alive(step); }, std::chrono::seconds(3)));
  d.start_worker();
  ASSERT_TRUE(d.run_until([&] { return d.server.hellos == 2; })) << d.worker_log();
  EXPECT_EQ(d.server.build(request).state, FakeBuild::State::lost);
}

TEST(WorkerProcess, StoppedForItsLeaseItsStepsDie) {
  LiveDispatcher d;
  const std::string file = d.folder + "/pid";
  const auto request = d.server.add(plan({shell("echo $$ > " + file + "; exec sleep 300")}));
  const pid_t worker = d.start_worker({"--lease", "1500ms"});
  const pid_t step = pid_in(d, file);
  ASSERT_TRUE(alive(step));
  kill(worker, SIGSTOP);
  EXPECT_TRUE(d.run_until([&] { return !alive(step); }, std::chrono::seconds(6)));
  kill(worker, SIGCONT);
  ASSERT_TRUE(d.run_until([&] { return d.server.all_finished(); })) << d.worker_log();
  EXPECT_EQ(d.server.build(request).state, FakeBuild::State::lost);
}

TEST(WorkerProcess, CancelKillsTheStepWithinASecond) {
  LiveDispatcher d;
  const auto request = d.server.add(plan({shell("trap '' TERM; echo up; setsid sleep 300 & sleep 300")}));
  d.start_worker();
  ASSERT_TRUE(d.run_until([&] { return !stream(d.server.build(request), 0, "o").empty(); }))
      << d.worker_log();
  d.server.cancel(request, "by Ann");
  ASSERT_TRUE(d.run_until([&] { return d.server.all_finished(); }, std::chrono::seconds(3)));
  EXPECT_EQ(d.server.build(request).finish->results, Results::cancelled);
  EXPECT_EQ(logchunk::unframe(d.server.build(request).log(0, "cancelled"), "t"), "by Ann");
}

TEST(WorkerProcess, MistakesOfStepsEndWithTheirReason) {
  LiveDispatcher d;
  auto missing = shell("");
  missing.command = json::Array{"no-such-compiler", "-c"};
  auto blocked = shell("true");
  blocked.workdir = "/dev/null/x";
  blocked.flags.always_run = true;
  const auto request = d.server.add(plan({missing, blocked}));
  d.start_worker();
  ASSERT_TRUE(d.run_until([&] { return d.server.all_finished(); })) << d.worker_log();
  const auto& b = d.server.build(request);
  EXPECT_EQ(b.steps.at(0).results, Results::failure);
  EXPECT_EQ(stream(b, 0, "e").substr(0, 41), "no-such-compiler: command not found (PATH");
  EXPECT_EQ(b.steps.at(1).results, Results::exception);
  EXPECT_EQ(stream(b, 1, "e"), "cannot make directory '/dev/null/x': Not a directory\n");
}

TEST(WorkerProcess, ChecksOutWithGit) {
  LiveDispatcher d;
  const std::string origin = d.folder + "/origin";
  ASSERT_EQ(
      std::system(("git init -q " + origin + " && cd " + origin +
                   " && echo hello > f && git add f && git -c user.name=A -c user.email=a@b commit -q -m one")
                      .c_str()),
      0);
  wire::StepPlan git;
  git.kind = "git";
  git.name = "git";
  git.options = json::Object{{"codebase", "app"}};
  auto broken = git;
  broken.name = "broken";
  broken.options = json::Object{{"url", d.folder + "/nowhere"}};
  broken.workdir = "other";
  auto p = plan({git, shell("cat f; git rev-parse HEAD"), broken});
  wire::SourceStamp stamp;
  stamp.codebase = "app";
  stamp.repository = origin;
  p.sourcestamps = {stamp};
  const auto request = d.server.add(p);
  d.start_worker();
  ASSERT_TRUE(d.run_until([&] { return d.server.all_finished(); })) << d.worker_log();
  const auto& b = d.server.build(request);
  EXPECT_EQ(b.steps.at(0).results, Results::success) << b.log(0, "stdio");
  EXPECT_EQ(b.steps.at(0).state_string, "update");
  const std::string revision = b.properties.at("got_revision").value["app"].string_or("");
  EXPECT_EQ(stream(b, 1, "o"), "hello\n" + revision + "\n");
  EXPECT_EQ(b.steps.at(2).results, Results::failure);
  EXPECT_EQ(b.steps.at(2).state_string, "update (failure)");
  EXPECT_NE(stream(b, 2, "e").find("does not appear to be a git repository"), std::string::npos)
      << b.log(2, "stdio");
}

TEST(WorkerProcess, ASecondOneOnTheSameDirectoryIsRefused) {
  LiveDispatcher d;
  d.start_worker();
  ASSERT_TRUE(d.run_until([&] { return d.server.hellos == 1; })) << d.worker_log();
  const pid_t second = d.start_worker();
  EXPECT_EQ(d.wait_for_worker(second), 2);
  EXPECT_NE(d.worker_log().find("is in use by another headrace-worker (process "), std::string::npos)
      << d.worker_log();
}

TEST(WorkerProcess, WrongSettingsAreNamed) {
  LiveDispatcher d;
  EXPECT_EQ(d.wait_for_worker(d.start_worker({"--token", "nonsense!"})), 2);
  EXPECT_NE(d.worker_log().find("none of base64url at place 9"), std::string::npos) << d.worker_log();
  EXPECT_EQ(d.wait_for_worker(d.start_worker({"--lease", "soon"})), 2);
  EXPECT_NE(d.worker_log().find("--lease 'soon' is no time"), std::string::npos) << d.worker_log();
  EXPECT_EQ(d.wait_for_worker(d.start_worker({"--spool-size", "1KiB"})), 2);
  EXPECT_EQ(d.wait_for_worker(d.start_worker({"--no-such-flag"})), 2);
  EXPECT_EQ(d.wait_for_worker(d.start_worker({"--version"})), 0);
}

TEST(WorkerProcess, AWrongKeyIsNeverWelcomed) {
  LiveDispatcher d;
  const pid_t worker = d.start_worker({"--token", d.token(true), "--status", "unix:" + d.folder + "/s"});
  d.run_for(std::chrono::milliseconds(1500));
  EXPECT_EQ(d.server.hellos, 0);
  EXPECT_EQ(kill(worker, 0), 0) << "it goes on trying";
}

TEST(WorkerProcess, TellsItsHealth) {
  LiveDispatcher d;
  d.hang_up();
  d.start_worker({"--status", "unix:" + d.folder + "/s"});
  http::Call call;
  call.url = "http://worker/healthz";
  call.unix_socket = d.folder + "/s";
  ASSERT_TRUE(d.run_until([&] { return http::call_and_wait(call).status == 503; })) << d.worker_log();
  d.listen();
  ASSERT_TRUE(d.run_until([&] { return http::call_and_wait(call).status == 200; })) << d.worker_log();
  call.url = "http://worker/metrics";
  EXPECT_NE(http::call_and_wait(call).body.find("headrace_worker_connected 1\n"), std::string::npos);
}

TEST(WorkerProcess, EndsWithItsParent) {
  LiveDispatcher d;
  int ends[2];
  ASSERT_EQ(pipe2(ends, O_CLOEXEC), 0);
  const std::string file = d.folder + "/pid";
  d.server.add(plan({shell("echo $$ > " + file + "; exec sleep 300")}));
  const pid_t worker = d.start_worker({"--parent-fd", "3"}, ends[0]);
  close(ends[0]);
  const pid_t step = pid_in(d, file);
  ASSERT_TRUE(alive(step));
  close(ends[1]);
  EXPECT_EQ(d.wait_for_worker(worker, std::chrono::seconds(5)), 0);
  EXPECT_FALSE(alive(step));
}

}  // namespace headrace::worker::testing
