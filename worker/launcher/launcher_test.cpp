// SPDX-License-Identifier: Apache-2.0
// The real launcher with real processes: whatever a command leaves behind must be gone.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "worker/launcher/launcher_fixture.hpp"
#include "worker/platform/base_directory.hpp"
#include "worker/platform/control_group.hpp"

namespace headrace::worker {
namespace {

using std::chrono::steady_clock;

// A daemon by the book: forked twice, its own session, away from the directory and the pipes.
std::string daemon_script(const std::string& pid_file, bool empty_environment) {
  return std::string("cd /; ") + (empty_environment ? "env -i " : "") +
         "setsid /bin/sh -c 'sh -c \"echo \\$\\$ > " + pid_file +
         "; exec sleep 300\" </dev/null >/dev/null 2>&1 &' ; while ! [ -s " + pid_file +
         " ]; do sleep 0.01; done; ";
}

std::string program_of(pid_t pid) {
  std::error_code error;
  const auto exe = std::filesystem::read_symlink("/proc/" + std::to_string(pid) + "/exe", error);
  return exe.filename().string();
}

}  // namespace

TEST_F(LauncherTest, RunsACommandAndTellsItsOutputAndExit) {
  const auto id = shell("echo out; echo err >&2; pwd; exit 3");
  ASSERT_TRUE(ended(id));
  EXPECT_EQ(exits_[id].code, 3);
  EXPECT_EQ(exits_[id].signal, 0);
  EXPECT_EQ(out_[id], "out\n" + folder_ + "/b1\n");
  EXPECT_EQ(err_[id], "err\n");
}

TEST_F(LauncherTest, GivesStdinAndTheEnvironmentWithTheWorkersMarker) {
  const auto id =
      start({"sh", "-c", "cat; env | sort"}, std::string(300'000, 'x') + "\n", {{"PATH", "/bin:/usr/bin"}});
  ASSERT_TRUE(ended(id));
  const auto env = out_[id].substr(300'001);
  EXPECT_NE(env.find("HEADRACE_WORKER=" + marker_ + "\n"), std::string::npos);
  EXPECT_EQ(env.find("HOME="), std::string::npos);
}

TEST_F(LauncherTest, ACommandThatCannotStartSaysWhy) {
  auto id = start({"no-such-command"});
  ASSERT_TRUE(wait_for([&] { return failures_.contains(id); }));
  EXPECT_EQ(failures_[id].error, ENOENT);
  EXPECT_EQ(failures_[id].what, "run");
  std::ofstream(folder_ + "/file") << "x";
  StartCommand c;
  c.exec = ExecId{++last_};
  c.argv = {"true"};
  c.directory = folder_ + "/file/below";
  client().start(c);
  ASSERT_TRUE(wait_for([&] { return failures_.contains(last_); }));
  EXPECT_EQ(failures_[last_].what, "make directory");
  EXPECT_EQ(failures_[last_].error, ENOTDIR);
  // One that cannot even be asked for; the launcher goes on.
  c.exec = ExecId{++last_};
  c.directory = folder_ + "/" + std::string(300, 'x') + "/below";
  client().start(c);
  ASSERT_TRUE(wait_for([&] { return failures_.contains(last_); }));
  EXPECT_EQ(failures_[last_].error, ENAMETOOLONG);
  id = start({"true"});
  EXPECT_TRUE(ended(id));
}

TEST_F(LauncherTest, ASignalIsTold) {
  const auto id = shell("kill -SEGV $$");
  ASSERT_TRUE(ended(id));
  EXPECT_EQ(exits_[id].signal, SIGSEGV);
}

TEST_F(LauncherTest, KillTakesEveryDescendant) {
  for (const bool empty_environment : {false, true}) {
    const std::string file = folder_ + "/daemon" + std::to_string(empty_environment);
    const auto id = shell(daemon_script(file, empty_environment) +
                          "sleep 300 & (sleep 300 & sleep 300) & cd " + folder_ + "; echo ready; wait");
    ASSERT_TRUE(wait_for([&] { return !out_[id].empty(); }));
    const pid_t daemon = pid_in(std::filesystem::path(file).filename());
    ASSERT_GT(daemon, 0);
    EXPECT_TRUE(alive(daemon));
    client().kill({ExecId{id}, 0ms});
    ASSERT_TRUE(ended(id));
    EXPECT_EQ(exits_[id].signal, SIGKILL);
    EXPECT_TRUE(wait_for([&] { return !alive(daemon); })) << "environment emptied: " << empty_environment;
  }
}

TEST_F(LauncherTest, WhatACommandLeavesBehindGoesWithItAndDoesNotHoldItsEnd) {
  const auto id = shell("sleep 300 & echo $! > " + folder_ + "/left; echo done");
  ASSERT_TRUE(ended(id));
  EXPECT_EQ(out_[id], "done\n");
  EXPECT_FALSE(alive(pid_in("left")));
}

TEST_F(LauncherTest, CommandsBesideItLiveOn) {
  const auto other = shell("sleep 300 & echo $! > " + folder_ + "/mine; wait");
  const pid_t mine = pid_in("mine");
  const auto id = shell("setsid sleep 300 & exit 0");
  ASSERT_TRUE(ended(id));
  EXPECT_TRUE(alive(mine));
  EXPECT_FALSE(exits_.contains(other));
  // A daemon of a running command belongs to it, whoever else ends.
  const auto third = shell(daemon_script(folder_ + "/its", false) + "echo up; exec sleep 300");
  ASSERT_TRUE(wait_for([&] { return !out_[third].empty(); }));
  const auto fourth = shell("true");
  ASSERT_TRUE(ended(fourth));
  EXPECT_TRUE(alive(pid_in("its")));
  client().kill({ExecId{third}, 0ms});
  ASSERT_TRUE(ended(third));
  EXPECT_FALSE(alive(pid_in("its")));
  EXPECT_TRUE(alive(mine));
}

TEST_F(LauncherTest, SigtermComesFirstWhenThereIsTime) {
  auto id = shell("trap 'echo term; exit 5' TERM; echo up; while :; do sleep 0.02; done");
  ASSERT_TRUE(wait_for([&] { return !out_[id].empty(); }));
  client().kill({ExecId{id}, 5000ms});
  ASSERT_TRUE(ended(id));
  EXPECT_EQ(out_[id], "up\nterm\n");
  EXPECT_EQ(exits_[id].code, 5);
  id = shell("trap '' TERM; echo up; while :; do sleep 0.02; done");
  ASSERT_TRUE(wait_for([&] { return !out_[id].empty(); }));
  const auto begin = steady_clock::now();
  client().kill({ExecId{id}, 300ms});
  ASSERT_TRUE(ended(id));
  EXPECT_GE(steady_clock::now() - begin, 290ms);
  EXPECT_EQ(exits_[id].signal, SIGKILL);
}

TEST_F(LauncherTest, AForkBombThatFleesIsCaught) {
  const auto id = shell(
      "i=0; while [ $i -lt 40 ]; do setsid sh -c '(sleep 300 & sleep 300 &) ' & i=$((i+1)); done; wait; echo "
      "up; sleep 300");
  ASSERT_TRUE(wait_for([&] { return !out_[id].empty(); }));
  client().kill({ExecId{id}, 0ms});
  ASSERT_TRUE(ended(id));
  int left = 0;
  for (const pid_t p : platform::all_processes())
    if (platform::environment_value(p, kWorkerMarker) == marker_ && program_of(p) == "sleep") ++left;
  EXPECT_EQ(left, 0);
}

TEST_F(LauncherTest, EverythingDiesWithTheWorker) {
  shell(daemon_script(folder_ + "/daemon", false) + "sleep 300 & echo $! > " + folder_ + "/child; wait");
  const pid_t child = pid_in("child"), daemon = pid_in("daemon");
  ASSERT_TRUE(alive(child) && alive(daemon));
  client_.reset();  // closes the channel, as a kill -9 of the worker does
  EXPECT_TRUE(wait_for([&] { return !alive(child) && !alive(daemon); }));
}

// Whatever its command has done to hide, and without the commands beside it.
TEST_F(LauncherTest, TheLaunchersDeathIsNoticedAndKillsItsCommandAlone) {
  const auto other = shell("sleep 300 & echo $! > " + folder_ + "/mine; wait");
  const pid_t mine = pid_in("mine");
  const auto id = shell(daemon_script(folder_ + "/plain", false) + daemon_script(folder_ + "/hidden", true) +
                        "echo $$ > " + folder_ + "/child; echo $PPID; exec sleep 300");
  ASSERT_TRUE(wait_for([&] { return !out_[id].empty(); }));
  const pid_t child = pid_in("child"), plain = pid_in("plain"), hidden = pid_in("hidden");
  ::kill(std::stoi(out_[id]), SIGKILL);
  ASSERT_TRUE(ended(id));
  EXPECT_TRUE(lost_);
  EXPECT_TRUE(exits_[id].lost);
  EXPECT_FALSE(alive(child));
  EXPECT_FALSE(alive(plain));
  EXPECT_FALSE(alive(hidden));
  EXPECT_TRUE(alive(mine));
  EXPECT_FALSE(exits_.contains(other));
  const auto next = shell("echo again");
  ASSERT_TRUE(ended(next));
  EXPECT_EQ(out_[next], "again\n");
}

// Nothing tells that it belongs to this command and not to the one beside it but whose child it is.
TEST_F(LauncherTest, WhatHidesFromItsCommandGoesWithItWhileAnotherRuns) {
  const auto other = shell("sleep 300 & echo $! > " + folder_ + "/mine; wait");
  const pid_t mine = pid_in("mine");
  const auto id = shell(daemon_script(folder_ + "/hidden", true) + "echo up");
  const pid_t hidden = pid_in("hidden");
  ASSERT_TRUE(ended(id));
  EXPECT_FALSE(alive(hidden));
  EXPECT_TRUE(alive(mine));
  EXPECT_FALSE(exits_.contains(other));
}

TEST_F(LauncherTest, AWorkerThatIsSilentForItsLeaseLosesItsCommands) {
  client(1500ms);
  const auto id = shell("echo $$ > " + folder_ + "/child; exec sleep 300");
  const pid_t child = pid_in("child");
  ASSERT_TRUE(alive(child));
  // The loop does not run: nobody says "alive".
  const auto end = steady_clock::now() + 10s;
  while (alive(child) && steady_clock::now() < end) usleep(20'000);
  EXPECT_FALSE(alive(child));
  ASSERT_TRUE(ended(id));
  EXPECT_TRUE(exits_[id].lost);
  // It stays and serves again.
  const auto next = shell("echo again");
  ASSERT_TRUE(ended(next));
  EXPECT_EQ(out_[next], "again\n");
  EXPECT_FALSE(exits_[next].lost);
}

TEST_F(LauncherTest, APausedCommandWaitsInItsWriteAndLosesNothing) {
  const auto id = start({"sh", "-c", "head -c 8000000 /dev/zero; echo end >&2"});
  bool paused = false;
  on_output_ = [&] {
    if (!paused) client().set_reading(ExecId{id}, false);
    paused = true;
  };
  ASSERT_TRUE(wait_for([&] { return paused; }));
  const auto had = out_[id].size();
  wait_for([] { return false; }, 300ms);
  EXPECT_EQ(out_[id].size(), had);
  EXPECT_TRUE(err_[id].empty());
  EXPECT_FALSE(exits_.contains(id));
  client().set_reading(ExecId{id}, true);
  ASSERT_TRUE(ended(id));
  EXPECT_EQ(out_[id].size(), 8'000'000u);
  EXPECT_EQ(err_[id], "end\n");
}

TEST_F(LauncherTest, AnExitWaitsForOutputThatIsPaused) {
  const auto id = shell("echo one; sleep 0.2; echo two");
  on_output_ = [&] {
    if (out_[id] == "one\n") client().set_reading(ExecId{id}, false);
  };
  ASSERT_TRUE(wait_for([&] { return !out_[id].empty(); }));
  wait_for([] { return false; }, 600ms);
  EXPECT_FALSE(exits_.contains(id));
  client().set_reading(ExecId{id}, true);
  ASSERT_TRUE(ended(id));
  EXPECT_EQ(out_[id], "one\ntwo\n");
}

TEST_F(LauncherTest, LargeCommandsAndManyAtOnce) {
  const std::string large(100'000, 'y');
  for (int round = 0; round < 5; ++round) {
    std::vector<std::int64_t> ids;
    for (int i = 0; i < 40; ++i) ids.push_back(start({"/bin/echo", i % 10 ? "x" : large}));
    for (const auto id : ids) ASSERT_TRUE(ended(id));
    EXPECT_EQ(out_[ids[0]].size(), 100'001u);
    EXPECT_EQ(out_[ids[1]], "x\n");
  }
}

TEST_F(LauncherTest, LeftoversOfAnEarlierLifeAreSwept) {
  const pid_t worker = fork();
  ASSERT_GE(worker, 0);
  if (worker == 0) {
    shell(daemon_script(folder_ + "/plain", false) + daemon_script(folder_ + "/hidden", true) +
          "echo $PPID > " + folder_ + "/launcher; exec sleep 300");
    wait_for([] { return false; }, 60s);
    _exit(0);
  }
  const pid_t launcher = pid_in("launcher"), plain = pid_in("plain"), hidden = pid_in("hidden");
  ASSERT_GT(launcher, 0);
  // Both are killed, so that nobody clears up.
  ::kill(launcher, SIGSTOP);
  ::kill(worker, SIGKILL);
  ASSERT_EQ(waitpid(worker, nullptr, 0), worker);
  ::kill(launcher, SIGKILL);
  EXPECT_TRUE(alive(plain));
  EXPECT_TRUE(alive(hidden));
  EXPECT_GE(client().swept(), 1);
  EXPECT_TRUE(wait_for([&] { return !alive(plain); }));
  const auto group = platform::ControlGroup::make("headrace-test-" + marker_);
  if (group) {
    group->remove();
    EXPECT_TRUE(wait_for([&] { return !alive(hidden); }));
  } else {
    ::kill(hidden, SIGKILL);  // no trace leads to it
  }
}

TEST(BaseDirectory, IsHeldByOne) {
  char name[] = "/tmp/base-test-XXXXXX";
  const std::string folder = mkdtemp(name);
  {
    const auto first = platform::BaseDirectory::take(folder + "/w");
    ASSERT_TRUE(first);
    EXPECT_EQ(first->marker().size(), 16u);
    const auto second = platform::BaseDirectory::take(folder + "/./w");
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().text, "base directory '" + std::filesystem::canonical(folder).string() +
                                       "/w' is in use by another headrace-worker (process " +
                                       std::to_string(getpid()) + ")");
  }
  EXPECT_TRUE(platform::BaseDirectory::take(folder + "/w"));
  std::ofstream(folder + "/file") << "x";
  EXPECT_FALSE(platform::BaseDirectory::take(folder + "/file"));
  std::filesystem::remove_all(folder);
}

}  // namespace headrace::worker
