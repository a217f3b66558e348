// SPDX-License-Identifier: Apache-2.0
// `headrace up` as a person meets it: it comes up, refuses what cannot be, and leaves nothing behind.
#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include "support/headrace_up.hpp"

namespace headrace::test {
namespace {

const std::string kConfig = R"(
worker.embedded "local" { slots = 2 }
hook.base {}
builder "hello" { workers = { "local" }, steps = { step.shell "greet" { command = "echo hello" } } }
scheduler.branch "main" { branch = "main", builders = { "hello" } }
scheduler.force "force" { builders = { "hello" } }
)";

const std::vector<std::string> kServices = {"redis",     "bus",        "web",      "changesource",
                                            "scheduler", "dispatcher", "notifier", "worker-local"};

class Listener {
 public:
  Listener() {
    fd_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    ::bind(fd_, reinterpret_cast<sockaddr*>(&address), size);
    ::listen(fd_, 1);
    ::getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
  }
  ~Listener() { ::close(fd_); }
  int port() const { return port_; }

 private:
  int fd_, port_;
};

TEST(Up, ComesUpAndSigtermLeavesNothing) {
  HeadraceUp up(kConfig);
  up.start();
  for (const auto& name : kServices) EXPECT_GT(up.pid_of(name), 0) << name;
  const auto status = up.headrace({"status"});
  EXPECT_EQ(status.status, 0) << status.err;
  EXPECT_NE(status.out.find("worker local: connected"), std::string::npos) << status.out;
  const auto runtime = up.control("runtime");

  EXPECT_EQ(up.stop(), 0) << up.everything_said();
  EXPECT_EQ(processes_with(up.folder()), "");
  EXPECT_EQ(processes_with(runtime), "");
  EXPECT_FALSE(std::filesystem::exists(runtime));
  for (const auto& name : kServices) EXPECT_EQ(up.pid_of(name), 0) << name;
  EXPECT_NE(up.headrace({"status"}).status, 0) << "nothing runs any more";
}

TEST(Up, ASecondOneOnTheSameDataNamesTheHolder) {
  HeadraceUp up(kConfig);
  up.start();
  const auto second = up.headrace({"up", up.config(), "--web", "127.0.0.1:0", "--intake", "127.0.0.1:0"});
  EXPECT_EQ(second.status, 2);
  EXPECT_NE(second.err.find(std::to_string(up.program().pid())), std::string::npos) << second.err;
  EXPECT_TRUE(up.program().running());
  EXPECT_EQ(up.headrace({"status"}).status, 0) << "the first one is unharmed";
}

TEST(Up, ATakenPortIsNamedAndNothingIsStarted) {
  const Listener taken;
  HeadraceUp up(kConfig);
  const auto address = "127.0.0.1:" + std::to_string(taken.port());
  for (const std::string option : {"--web", "--intake", "--workers", "--bus"}) {
    const auto word = option == "--workers" || option == "--bus" ? "tcp://" + address : address;
    std::vector<std::string> words = {"up", up.config()};
    for (const std::string other : {"--web", "--intake"})
      words.insert(words.end(), {other, other == option ? word : "127.0.0.1:0"});
    for (const std::string other : {"--workers", "--bus"})
      words.insert(words.end(), {other, other == option ? word : "tcp://127.0.0.1:0"});
    const auto done = up.headrace(words);
    EXPECT_EQ(done.status, 2) << option;
    EXPECT_NE(done.err.find("port " + std::to_string(taken.port()) + " is taken"), std::string::npos)
        << option << ": " << done.err;
  }
  EXPECT_FALSE(std::filesystem::exists(up.data() + "/log/redis.log"));
  EXPECT_EQ(processes_with(up.folder()), "");
}

TEST(Up, AMistakeInTheConfigurationEndsItBeforeItBegins) {
  HeadraceUp up(
      "worker.embedded \"local\" {}\nbuilder \"b\" { workers = { \"lokal\" }, steps = {} }\nbuilderr \"c\" "
      "{}\n");
  const auto done = up.headrace({"up", up.config()});
  EXPECT_EQ(done.status, 2);
  EXPECT_NE(done.err.find("headrace.lua:2: "), std::string::npos) << done.err;
  EXPECT_NE(done.err.find("headrace.lua:3: "), std::string::npos) << done.err;
  EXPECT_FALSE(std::filesystem::exists(up.data()));
}

TEST(Up, WhatDiesIsStartedAgain) {
  HeadraceUp up(kConfig);
  up.start();
  for (const auto& name : kServices) {
    const auto old = up.pid_of(name);
    up.signal_child(name, SIGKILL);
    EXPECT_NE(up.wait_restarted(name, old), old) << name;
  }
  up.headrace({"force", "hello"});
  EXPECT_EQ(up.wait_build("hello", 1)["results"].int_or(-1), 0);
  EXPECT_EQ(up.stop(), 0);
}

TEST(Up, KilledItTakesEverythingAlongAndTheNextOneGoesOn) {
  HeadraceUp up(kConfig);
  up.start();
  ASSERT_EQ(up.headrace({"force", "hello", "--wait"}).status, 0);
  const auto runtime = up.control("runtime");
  up.kill();
  wait_for(
      "every process to end", 30s, [&] { return processes_with(up.folder()).empty(); },
      [&] { return processes_with(up.folder()); });
  up.start();
  EXPECT_FALSE(std::filesystem::exists(runtime)) << "the sockets of the earlier life";
  ASSERT_EQ(up.headrace({"force", "hello", "--wait"}).status, 0);
  EXPECT_EQ(up.wait_builds(2).size(), 2u) << "the first build is still there";
  EXPECT_EQ(up.stop(), 0);
}

TEST(Up, EmbeddedWorkersComeAndGoWithTheConfiguration) {
  HeadraceUp up(kConfig);
  up.start();
  up.write_config(
      "worker.embedded \"second\" { slots = 1 }\n"
      "builder \"hello\" { workers = { \"second\" }, steps = { step.shell { command = \"true\" } } }\n"
      "scheduler.force \"force\" { builders = { \"hello\" } }\n");
  up.program().signal(SIGHUP);
  wait_for(
      "the second worker", HeadraceUp::kLimit,
      [&] { return up.pid_of("worker-second") != 0 && up.pid_of("worker-local") == 0; },
      [&] { return up.everything_said(); });
  EXPECT_EQ(up.headrace({"force", "hello", "--wait"}).status, 0);
  EXPECT_EQ(up.stop(), 0);
}

}  // namespace
}  // namespace headrace::test
