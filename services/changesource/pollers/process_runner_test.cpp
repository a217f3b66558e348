// SPDX-License-Identifier: Apache-2.0
// Real programs, run as a poll runs them.
#include "changesource/pollers/process_runner.hpp"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>

namespace headrace::changesource {
namespace {

class Programs : public ::testing::Test {
 protected:
  Programs() {
    char name[] = "/tmp/headrace-runner-XXXXXX";
    folder_ = ::mkdtemp(name);
  }
  ~Programs() override { std::filesystem::remove_all(folder_); }

  PollResult run(const std::string& script, PollCommand command = {}) {
    command.argv = {"/bin/sh", "-c", script};
    ProcessRunner runner(io_, folder_ / "cache");
    std::vector<PollResult> out;
    runner.run({std::move(command)}, [&](std::vector<PollResult> results) { out = std::move(results); });
    io_.restart();
    io_.run();
    return out.at(0);
  }

  std::filesystem::path folder_;
  boost::asio::io_context io_;
};

TEST_F(Programs, MayRunForLongAsLongAsTheySaySomething) {
  PollCommand command;
  command.silence = milliseconds(400);
  const auto slow = run("for i in 1 2 3 4 5 6 7 8; do sleep 0.1; echo $i >&2; done", command);
  EXPECT_EQ(slow.exit_code, 0) << slow.err;
  const auto silent = run("echo begins >&2; sleep 60", command);
  EXPECT_NE(silent.exit_code, 0);
  EXPECT_NE(silent.err.find("without output"), std::string::npos) << silent.err;
}

TEST_F(Programs, GetAnInputOfAnySize) {
  PollCommand command;
  command.input = std::string(5'000'000, 'x') + "end";
  EXPECT_EQ(run("wc -c", command).out, "5000003\n");
  EXPECT_EQ(run("cat").out, "");
  EXPECT_EQ(run("exit 3", command).exit_code, 3);
}

TEST_F(Programs, KeepTheEndOfALongComplaint) {
  const auto result =
      run("i=0; while [ $i -lt 40000 ]; do echo progress >&2; i=$((i+1)); done; echo fatal: it >&2");
  EXPECT_TRUE(result.err.ends_with("fatal: it\n"));
  EXPECT_LT(result.err.size(), 200'000u);
}

TEST_F(Programs, HaveTheEnvironmentThatTheKindWants) {
  ::setenv("HEADRACE_TEST_LOCAL", "here", 1);
  EXPECT_EQ(run("echo $HEADRACE_TEST_LOCAL").out, "here\n");
  PollCommand command;
  command.prepare = [](std::map<std::string, std::string>& e) {
    e.erase("HEADRACE_TEST_LOCAL"), e["MORE"] = "a=b";
  };
  EXPECT_EQ(run("echo \"${HEADRACE_TEST_LOCAL-gone} $MORE\"", command).out, "gone a=b\n");
  ::unsetenv("HEADRACE_TEST_LOCAL");
}

TEST_F(Programs, FailInWordsWhereTheirFolderCannotBe) {
  std::ofstream(folder_ / "cache") << "a file";
  const auto result = run("true");
  EXPECT_NE(result.exit_code, 0);
  EXPECT_NE(result.err.find("cannot make"), std::string::npos) << result.err;
}

}  // namespace
}  // namespace headrace::changesource
