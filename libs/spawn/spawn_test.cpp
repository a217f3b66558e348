// SPDX-License-Identifier: Apache-2.0
#include "spawn/spawn.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <thread>

#include "spawn/testing/run_to_end.hpp"

namespace headrace::spawn {
namespace {

using testing::run_to_end;

struct Folder {
  std::string path;
  Folder() {
    char name[] = "/tmp/spawn-test-XXXXXX";
    path = mkdtemp(name);
  }
  ~Folder() { std::filesystem::remove_all(path); }
};

}  // namespace

TEST(Spawn, RunsWithItsOwnEnvironmentAndDirectory) {
  Command c;
  c.argv = {"sh", "-c", "echo $A; pwd"};
  c.env = {"PATH=/usr/bin:/bin", "A=b c"};
  c.directory = "/";
  const auto e = run_to_end(c);
  ASSERT_TRUE(e);
  EXPECT_EQ(e->output, "b c\n/\n");
  EXPECT_EQ(e->status, 0);
}

TEST(Spawn, SaysWhatFailedAndWhy) {
  Command c;
  c.env = {"PATH=/usr/bin:/bin"};
  c.argv = {"no-such-program"};
  auto e = run_to_end(c);
  ASSERT_FALSE(e);
  EXPECT_EQ(e.error().error, ENOENT);
  EXPECT_EQ(e.error().what, "run");
  EXPECT_EQ(e.error().text(), "cannot run 'no-such-program': No such file or directory");
  c.argv = {"/"};
  e = run_to_end(c);
  ASSERT_FALSE(e);
  EXPECT_EQ(e.error().error, EACCES);
  c.argv = {"true"};
  c.directory = "/no/such/place";
  e = run_to_end(c);
  ASSERT_FALSE(e);
  EXPECT_EQ(e.error().what, "enter directory");
  EXPECT_EQ(e.error().path, "/no/such/place");
  c.argv = {};
  EXPECT_FALSE(start(c));
}

TEST(Spawn, FindsProgramsInTheChildsPathAndRunsScriptsWithoutInterpreterLine) {
  const Folder folder;
  const std::string script = folder.path + "/hello";
  std::ofstream(script) << "echo script $1\n";
  chmod(script.c_str(), 0755);
  Command c;
  c.argv = {"hello", "you"};
  c.env = {"PATH=/nowhere:" + folder.path + ":/bin"};
  const auto e = run_to_end(c);
  ASSERT_TRUE(e) << e.error().text();
  EXPECT_EQ(e->output, "script you\n");
}

TEST(Spawn, TheChildHasDefaultSignalsAndNoOtherDescriptors) {
  signal(SIGPIPE, SIG_IGN);
  sigset_t block, before;
  sigemptyset(&block);
  sigaddset(&block, SIGTERM);
  sigprocmask(SIG_BLOCK, &block, &before);
  const int opened = open("/dev/null", O_RDONLY);
  const int leaked = fcntl(opened, F_DUPFD, 50);  // without close-on-exec
  Command c;
  c.argv = {"/bin/sh", "-c",
            "grep -E 'Sig(Blk|Ign)' /proc/self/status; [ -e /proc/$$/fd/" + std::to_string(leaked) +
                " ] && echo leaked"};
  c.env = own_environment();
  const auto e = run_to_end(c);
  close(leaked);
  close(opened);
  sigprocmask(SIG_SETMASK, &before, nullptr);
  ASSERT_TRUE(e);
  EXPECT_EQ(e->output, "SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n");
}

TEST(Spawn, TheUmaskIsTheChildsOwn) {
  const auto before = umask(077);
  Command c;
  c.argv = {"/bin/sh", "-c", "umask"};
  const auto inherited = run_to_end(c);
  c.umask = 027;
  const auto given = run_to_end(c);
  EXPECT_EQ(umask(before), 077u);
  ASSERT_TRUE(inherited && given);
  EXPECT_EQ(inherited->output, "0077\n");
  EXPECT_EQ(given->output, "0027\n");
}

TEST(Spawn, DescriptorsMayTradePlaces) {
  int a[2], b[2];
  ASSERT_EQ(pipe2(a, O_CLOEXEC), 0);
  ASSERT_EQ(pipe2(b, O_CLOEXEC), 0);
  // The child's 1 is our b, its 2 our a, and both targets may be sources of the other.
  Command c;
  c.argv = {"/bin/sh", "-c", "echo out; echo err >&2"};
  c.env = {"PATH=/bin"};
  c.descriptors = {{b[1], 1}, {a[1], 2}};
  const auto pid = start(c);
  ASSERT_TRUE(pid);
  close(a[1]);
  close(b[1]);
  char text[16] = {};
  EXPECT_EQ(read(a[0], text, sizeof text), 4);
  EXPECT_STREQ(text, "err\n");
  EXPECT_EQ(read(b[0], text, sizeof text), 4);
  EXPECT_STREQ(text, "out\n");
  close(a[0]);
  close(b[0]);
  int status = 0;
  waitpid(*pid, &status, 0);
}

TEST(Spawn, ANewSessionIsALeader) {
  Command c;
  c.argv = {"/bin/sh", "-c", "test $(cut -d' ' -f6 /proc/$$/stat) = $$ && echo leader"};
  c.env = {"PATH=/usr/bin:/bin"};
  c.new_session = true;
  const auto e = run_to_end(c);
  ASSERT_TRUE(e);
  EXPECT_EQ(e->output, "leader\n");
}

TEST(Spawn, SeveralThreadsMayStartPrograms) {
  std::vector<std::thread> threads;
  std::atomic<int> good{0};
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&, t] {
      for (int i = 0; i < 100; ++i) {
        Command c;
        c.argv = {t % 2 == 0 ? "true" : "no-such-program"};
        c.env = {"PATH=/usr/bin:/bin"};
        const auto pid = start(c);
        if (!pid) {
          good += t % 2 == 1 && pid.error().error == ENOENT;
          continue;
        }
        int status = -1;
        while (waitpid(*pid, &status, 0) < 0 && errno == EINTR) {
        }
        good += t % 2 == 0 && status == 0;
      }
    });
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(good, 400);
}

}  // namespace headrace::spawn
