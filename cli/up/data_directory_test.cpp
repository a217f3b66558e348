// SPDX-License-Identifier: Apache-2.0
#include "cli/up/data_directory.hpp"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

#include "cli/command.hpp"
#include "cli/up/log_file.hpp"
#include "cli/up/settings.hpp"
#include "spawn/spawn.hpp"
#include "support/program.hpp"

namespace headrace::cli {
namespace {

using test::Folder;
using test::Program;
using test::read_file;
using test::write_file;

TEST(DataDirectory, ASecondHolderIsToldThePidOfTheFirst) {
  const Folder folder;
  {
    const DataDirectory first(folder / "data");
    try {
      const DataDirectory second(folder / "data");
      FAIL() << "two have it";
    } catch (const UsageError& e) {
      EXPECT_NE(std::string(e.what()).find(std::to_string(::getpid())), std::string::npos) << e.what();
    }
    EXPECT_EQ(read_file(first.path() + "/run/up.pid"), std::to_string(::getpid()) + "\n");
  }
  const DataDirectory again(folder / "data");
}

TEST(DataDirectory, NamesWhatCannotBeMade) {
  const Folder folder;
  write_file(folder / "file", "");
  try {
    const DataDirectory data(folder / "file/data");
    FAIL();
  } catch (const UsageError& e) {
    EXPECT_NE(std::string(e.what()).find("file/data"), std::string::npos) << e.what();
  }
}

TEST(DataDirectory, EndsWhatAnEarlierLifeLeftAndNothingElse) {
  const Folder folder;
  DataDirectory data(folder / "data");
  // Ours: a program of our name with the data directory in its arguments.
  const auto program = data.path() + "/headrace-fake";
  std::filesystem::copy_file("/usr/bin/sleep", program);
  Program ours({program, "1000"}), foreign({"/usr/bin/sleep", "1000"});
  write_file(data.path() + "/run/fake.pid", std::to_string(ours.pid()) + "\n");
  write_file(data.path() + "/run/foreign.pid",
             std::to_string(foreign.pid()) + "\n");  // a pid that was used again
  std::thread reaper([&] { EXPECT_EQ(ours.wait(std::chrono::seconds(20)), 128 + SIGTERM); });
  data.end_leftovers();
  reaper.join();
  EXPECT_TRUE(foreign.running());
  EXPECT_FALSE(std::filesystem::exists(data.path() + "/run/fake.pid"));
}

TEST(DataDirectory, TheRuntimeDirectoryIsShortPrivateAndNeverTwo) {
  const Folder folder;
  std::string first, second;
  {
    DataDirectory data(folder / "data");
    first = data.make_runtime_directory();
    EXPECT_LT(first.size(), 70u);
    EXPECT_EQ(std::filesystem::status(first).permissions(), std::filesystem::perms::owner_all);
    write_file(first + "/redis.sock", "");
    second = data.make_runtime_directory();
    EXPECT_FALSE(std::filesystem::exists(first)) << "of the earlier life";
  }
  EXPECT_FALSE(std::filesystem::exists(second));
}

TEST(LogFile, AFullOneIsMovedAsideWhileItIsWritten) {
  const Folder folder;
  const auto path = folder / "bus.log";
  const int fd = open_log_file(path);
  ASSERT_EQ(::write(fd, "0123456789\n", 11), 11);
  rotate_open_log_file(path, 100);
  EXPECT_EQ(read_file(path), "0123456789\n") << "not full";
  rotate_open_log_file(path, 10);
  ASSERT_EQ(::write(fd, "next\n", 5), 5);
  ::close(fd);
  EXPECT_EQ(read_file(path), "next\n") << "the writer appends to the emptied file";
  EXPECT_EQ(read_file(path + ".1"), "0123456789\n");
  EXPECT_EQ(last_lines(path + ".1", 3), "0123456789\n");
}

TEST(FileName, OfAWorkerIsAlwaysOneHarmlessName) {
  EXPECT_EQ(file_name_of("mac-1.local"), "mac-1.local");
  EXPECT_EQ(file_name_of("a/../b c"), "a%2F..%2Fb%20c");
  EXPECT_EQ(file_name_of(".."), "%2E.");
}

}  // namespace
}  // namespace headrace::cli
