// SPDX-License-Identifier: Apache-2.0
// The data directory holds the configuration's secrets and the output of private repositories: no other user
// of the machine reads it, also where an earlier version left it open. What a step makes is the step's
// affair.
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "support/headrace_up.hpp"

namespace headrace::test {
namespace {

namespace fs = std::filesystem;

// Whether others get to `path` through all of its folders below `top`.
bool is_open(std::string path, const std::string& top) {
  constexpr auto kRead = fs::perms::others_read | fs::perms::group_read;
  constexpr auto kEnter = fs::perms::others_exec | fs::perms::group_exec;
  if ((fs::status(path).permissions() & kRead) == fs::perms::none) return false;
  for (path = fs::path(path).parent_path(); path.size() > top.size(); path = fs::path(path).parent_path())
    if ((fs::status(path).permissions() & kEnter) == fs::perms::none) return false;
  return true;
}

TEST(PrivateFiles, NobodyElseReadsWhatUpKeepsAndStepsHaveThePersonsUmask) {
  const auto before = ::umask(022);
  HeadraceUp up(R"(
worker.embedded "local" {}
hook.github { secret = "hook-s3cret", strict = true }
builder "hello" { workers = "local", steps = { step.shell "say" { command = "umask" } } }
scheduler.force "force" { builders = "hello" }
)");
  for (const std::string folder : {"logs/1", "redis/appendonlydir", "web"}) {
    fs::create_directories(up.data() + "/" + folder);
    write_file(up.data() + "/" + folder + "/left", "of an earlier version");
  }
  up.start();
  EXPECT_EQ(up.headrace({"force", "hello", "--wait"}).status, 0);
  EXPECT_NE(up.raw_log(1, "say").find("0022"), std::string::npos) << up.raw_log(1, "say");
  ::umask(before);

  std::string open;
  int files = 0;
  for (const auto& entry : fs::recursive_directory_iterator(up.data())) {
    if (!entry.is_regular_file()) continue;
    ++files;
    if (is_open(entry.path().string(), up.data())) open += entry.path().string() + "\n";
  }
  EXPECT_EQ(open, "");
  EXPECT_GT(files, 10);
  for (const std::string left : {"logs/1/left", "redis/appendonlydir/left", "web/left"})
    EXPECT_EQ(fs::status(up.data() + "/" + left).permissions(),
              fs::perms::owner_read | fs::perms::owner_write)
        << left;
  EXPECT_EQ(fs::status(up.control("runtime")).permissions(), fs::perms::owner_all);
}

}  // namespace
}  // namespace headrace::test
