// SPDX-License-Identifier: Apache-2.0
#include "process/private_files.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace headrace::process {
namespace {

namespace fs = std::filesystem;

class PrivateFiles : public ::testing::Test {
 protected:
  PrivateFiles() {
    char name[] = "/tmp/private-files-XXXXXX";
    folder = ::mkdtemp(name);
  }
  ~PrivateFiles() override { fs::remove_all(folder); }

  std::string write(const std::string& name, mode_t mode) const {
    const auto path = folder + "/" + name;
    fs::create_directories(fs::path(path).parent_path());
    std::ofstream(path) << "secret";
    ::chmod(path.c_str(), mode);
    return path;
  }
  static mode_t mode(const std::string& path) {
    struct stat info {};
    EXPECT_EQ(::lstat(path.c_str(), &info), 0) << path;
    return info.st_mode & 07777;
  }

  std::string folder;
};

TEST_F(PrivateFiles, WhatIsMadeFromThenOnIsClosed) {
  const auto before = make_files_private();
  std::ofstream(folder + "/new") << "secret";
  fs::create_directory(folder + "/sub");
  ::umask(before);
  EXPECT_EQ(mode(folder + "/new"), 0600u);
  EXPECT_EQ(mode(folder + "/sub"), 0700u);
}

TEST_F(PrivateFiles, WhatWasLeftOpenIsClosedAndStaysUsable) {
  const auto file = write("tree/sub/history.sqlite", 0644), program = write("tree/hook", 0755);
  const auto elsewhere = write("elsewhere", 0644);
  fs::create_symlink(elsewhere, folder + "/tree/link");
  ::chmod((folder + "/tree").c_str(), 0755);
  EXPECT_EQ(close_to_others(folder + "/tree", Depth::tree), "");
  EXPECT_EQ(mode(folder + "/tree"), 0700u);
  EXPECT_EQ(mode(folder + "/tree/sub"), 0700u);
  EXPECT_EQ(mode(file), 0600u);
  EXPECT_EQ(mode(program), 0700u);
  EXPECT_EQ(mode(elsewhere), 0644u) << "a link leads out of the folder";
}

TEST_F(PrivateFiles, AFolderAloneLeavesWhatIsInIt) {
  const auto file = write("workers/w1/a.c", 0644);
  ::chmod((folder + "/workers").c_str(), 0755);
  EXPECT_EQ(close_to_others(folder + "/workers", Depth::folder), "");
  EXPECT_EQ(mode(folder + "/workers"), 0700u);
  EXPECT_EQ(mode(file), 0644u) << "a build's files have the modes that its steps gave them";
}

TEST_F(PrivateFiles, AMissingFolderIsFine) { EXPECT_EQ(close_to_others(folder + "/none", Depth::tree), ""); }

}  // namespace
}  // namespace headrace::process
