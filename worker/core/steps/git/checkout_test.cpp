// SPDX-License-Identifier: Apache-2.0
// The git step's sequence with the real git and real repositories.
#include "worker/core/steps/git/checkout.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "spawn/spawn.hpp"

namespace headrace::worker {
namespace {

namespace fs = std::filesystem;

struct Ran {
  int rc = 0;
  std::string output;  // stdout and stderr
};

class GitCheckoutTest : public ::testing::Test {
 protected:
  GitCheckoutTest() {
    char name[] = "/tmp/git-test-XXXXXX";
    folder_ = fs::canonical(mkdtemp(name)).string();
    env_ = {"PATH=/usr/bin:/bin",        "HOME=" + folder_,
            "GIT_TERMINAL_PROMPT=0",     "GIT_CONFIG_NOSYSTEM=1",
            "GIT_AUTHOR_NAME=Ann",       "GIT_AUTHOR_EMAIL=ann@example.org",
            "GIT_COMMITTER_NAME=Ann",    "GIT_COMMITTER_EMAIL=ann@example.org",
            "GIT_CONFIG_COUNT=2",        "GIT_CONFIG_KEY_0=protocol.file.allow",
            "GIT_CONFIG_VALUE_0=always", "GIT_CONFIG_KEY_1=init.defaultBranch",
            "GIT_CONFIG_VALUE_1=main"};
    origin_ = folder_ + "/origin";
    git({"init", "-q", origin_}, folder_);
    first_ = commit("a.c", "one");
    second_ = commit("b.c", "two");
    build_ = folder_ + "/builder";
    options_.url = "file://" + origin_;
  }
  ~GitCheckoutTest() override { fs::remove_all(folder_); }

  Ran run(const std::vector<std::string>& argv, const std::string& directory) {
    int ends[2];
    EXPECT_EQ(pipe2(ends, O_CLOEXEC), 0);
    fs::create_directories(directory);
    spawn::Command c;
    c.argv = argv;
    c.env = env_;
    c.directory = directory;
    c.descriptors = {{ends[1], 1}, {ends[1], 2}};
    const auto pid = spawn::start(c);
    close(ends[1]);
    Ran ran;
    char buffer[4096];
    for (ssize_t n; (n = read(ends[0], buffer, sizeof buffer)) > 0;)
      ran.output.append(buffer, static_cast<std::size_t>(n));
    close(ends[0]);
    if (!pid) return {127, pid.error().text()};
    int status = 0;
    waitpid(*pid, &status, 0);
    ran.rc = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    return ran;
  }
  std::string git(std::vector<std::string> args, const std::string& directory) {
    args.insert(args.begin(), "git");
    const auto r = run(args, directory);
    EXPECT_EQ(r.rc, 0) << args[1] << ": " << r.output;
    return r.output.substr(0, r.output.find_last_not_of('\n') + 1);
  }
  std::string commit(const std::string& file, const std::string& text) {
    write(origin_ + "/" + file, text);
    git({"add", "-A"}, origin_);
    git({"commit", "-q", "-m", text}, origin_);
    return git({"rev-parse", "HEAD"}, origin_);
  }
  void write(const std::string& path, const std::string& text) {
    fs::create_directories(fs::path(path).parent_path());
    std::ofstream(path) << text;
  }
  std::string text(const std::string& file) {
    std::ifstream in(build_ + "/build/" + file);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  bool exists(const std::string& file) { return fs::exists(build_ + "/build/" + file); }

  /// Runs the whole sequence. shown_ has the commands that people see.
  bool check_out(const GitOptions& options) {
    GitCheckout checkout(options, build_, build_ + "/build");
    shown_.clear();
    log_.clear();
    auto command = std::optional(checkout.start());
    for (int n = 0; command; ++n) {
      if (n > 30) {
        ADD_FAILURE() << "no end";
        return false;
      }
      const auto r = run(command->argv, command->directory);
      if (!command->quiet) {
        shown_.push_back(command->argv.size() > 1 ? command->argv[1] : command->argv[0]);
        log_ += r.output;
      }
      command = checkout.next(r.rc, r.output);
    }
    got_ = checkout.got_revision();
    reason_ = checkout.reason();
    return checkout.succeeded();
  }
  bool showed(const std::string& word) const {
    return std::find(shown_.begin(), shown_.end(), word) != shown_.end();
  }

  std::string folder_, origin_, build_, first_, second_, got_, reason_, log_;
  std::vector<std::string> env_, shown_;
  GitOptions options_;
};

}  // namespace

TEST_F(GitCheckoutTest, TakesTheTipOfTheDefaultBranch) {
  ASSERT_TRUE(check_out(options_)) << log_;
  EXPECT_EQ(got_, second_);
  EXPECT_EQ(text("b.c"), "two");
}

TEST_F(GitCheckoutTest, TakesTheVeryRevisionAndKeepsWhatWasBuilt) {
  options_.revision = first_;
  ASSERT_TRUE(check_out(options_)) << log_;
  EXPECT_EQ(got_, first_);
  EXPECT_FALSE(exists("b.c"));
  write(build_ + "/build/a.o", "object");
  write(build_ + "/build/a.c", "changed by a step");
  options_.revision = second_;
  ASSERT_TRUE(check_out(options_)) << log_;
  EXPECT_EQ(got_, second_);
  EXPECT_EQ(text("a.c"), "one");
  EXPECT_EQ(text("a.o"), "object");
  // What is there already needs no network.
  options_.revision = first_;
  fs::rename(origin_, origin_ + "-away");
  ASSERT_TRUE(check_out(options_)) << log_;
  EXPECT_EQ(got_, first_);
  EXPECT_FALSE(showed("fetch"));
}

TEST_F(GitCheckoutTest, TakesABranchAnAbbreviationAndATag) {
  git({"checkout", "-q", "-b", "topic"}, origin_);
  const auto third = commit("c.c", "three");
  git({"tag", "v1", first_}, origin_);
  git({"checkout", "-q", "main"}, origin_);
  options_.branch = "topic";
  ASSERT_TRUE(check_out(options_)) << log_;
  EXPECT_EQ(got_, third);
  options_.revision = second_.substr(0, 10);
  ASSERT_TRUE(check_out(options_)) << log_;
  EXPECT_EQ(got_, second_);
  options_.revision = "v1";
  ASSERT_TRUE(check_out(options_)) << log_;
  EXPECT_EQ(got_, first_);
  // A moving branch is fetched each time.
  options_.revision = "";
  options_.branch = "main";
  ASSERT_TRUE(check_out(options_)) << log_;
  const auto fourth = commit("d.c", "four");
  ASSERT_TRUE(check_out(options_)) << log_;
  EXPECT_EQ(got_, fourth);
}

TEST_F(GitCheckoutTest, FindsARevisionThatNoBranchHasAnyMore) {
  git({"checkout", "-q", "-b", "gone"}, origin_);
  const auto third = commit("c.c", "three");
  git({"update-ref", "refs/pull/3/head", third}, origin_);
  git({"checkout", "-q", "main"}, origin_);
  git({"branch", "-q", "-D", "gone"}, origin_);
  options_.branch = "gone";
  options_.revision = third;
  ASSERT_TRUE(check_out(options_)) << log_;
  EXPECT_EQ(got_, third);
  // And on a server that gives out only what its references name.
  fs::remove_all(build_);
  std::replace(env_.begin(), env_.end(), std::string("GIT_CONFIG_COUNT=2"),
               std::string("GIT_CONFIG_COUNT=3"));
  env_.push_back("GIT_CONFIG_KEY_2=protocol.version");
  env_.push_back("GIT_CONFIG_VALUE_2=0");
  options_.revision = first_;  // below the tip: not advertised
  ASSERT_TRUE(check_out(options_)) << log_;
  EXPECT_EQ(got_, first_);
  EXPECT_NE(log_.find("does not allow request for unadvertised object"), std::string::npos) << log_;
}

TEST_F(GitCheckoutTest, FullModesClean) {
  write(origin_ + "/.gitignore", "*.o\n");
  commit("c.c", "three");
  struct Case {
    GitOptions::Method method;
    bool keeps_ignored, keeps_untracked;
  };
  options_.full = true;
  for (const auto& c :
       {Case{GitOptions::Method::clean, true, false}, Case{GitOptions::Method::fresh, false, false},
        Case{GitOptions::Method::clobber, false, false}, Case{GitOptions::Method::copy, false, false}}) {
    options_.method = c.method;
    ASSERT_TRUE(check_out(options_)) << log_;
    write(build_ + "/build/x.o", "object");
    write(build_ + "/build/dir/untracked", "x");
    run({"git", "init", "-q", build_ + "/build/nested"}, build_);
    ASSERT_TRUE(check_out(options_)) << log_;
    EXPECT_EQ(exists("x.o"), c.keeps_ignored) << static_cast<int>(c.method);
    EXPECT_FALSE(exists("dir/untracked")) << static_cast<int>(c.method);
    EXPECT_FALSE(exists("nested")) << static_cast<int>(c.method);
    EXPECT_EQ(text("c.c"), "three");
    EXPECT_EQ(fs::exists(build_ + "/source"), c.method == GitOptions::Method::copy);
  }
}

TEST_F(GitCheckoutTest, MakesAnewWhatIsNoRepositoryOrBroken) {
  write(build_ + "/build/stray", "x");
  ASSERT_TRUE(check_out(options_)) << log_;
  EXPECT_FALSE(exists("stray"));
  // Inside of another repository.
  fs::remove_all(build_);
  git({"init", "-q", folder_}, folder_);
  ASSERT_TRUE(check_out(options_)) << log_;
  EXPECT_TRUE(exists(".git"));
  // Damaged: no HEAD; no objects; a lock of a git that was killed.
  fs::remove(build_ + "/build/.git/HEAD");
  ASSERT_TRUE(check_out(options_)) << log_;
  for (const auto& entry : fs::directory_iterator(build_ + "/build/.git/objects"))
    fs::remove_all(entry.path());
  commit("e.c", "five");
  ASSERT_TRUE(check_out(options_)) << log_;
  EXPECT_EQ(text("e.c"), "five");
  write(build_ + "/build/.git/index.lock", "");
  write(build_ + "/build/kept", "x");
  ASSERT_TRUE(check_out(options_)) << log_;
  EXPECT_TRUE(exists("kept"));
}

TEST_F(GitCheckoutTest, ShallowFetchesLittleAndFallsBackToEverything) {
  for (int i = 0; i < 10; ++i) commit("n.c", std::to_string(i));
  options_.depth = 1;
  ASSERT_TRUE(check_out(options_)) << log_;
  EXPECT_EQ(git({"rev-list", "--count", "HEAD"}, build_ + "/build"), "1");
  // Below the shallow history, given out only as part of a branch.
  options_.branch = "main";
  options_.revision = first_.substr(0, 12);
  ASSERT_TRUE(check_out(options_)) << log_;
  EXPECT_EQ(got_, first_);
}

TEST_F(GitCheckoutTest, Submodules) {
  const std::string library = folder_ + "/library";
  git({"init", "-q", library}, folder_);
  write(library + "/l.c", "lib");
  git({"add", "-A"}, library);
  git({"commit", "-q", "-m", "lib"}, library);
  git({"submodule", "add", "-q", "file://" + library, "sub"}, origin_);
  git({"commit", "-q", "-m", "with library"}, origin_);
  options_.submodules = true;
  options_.full = true;
  ASSERT_TRUE(check_out(options_)) << log_;
  EXPECT_EQ(text("sub/l.c"), "lib");
  write(build_ + "/build/sub/stray", "x");
  ASSERT_TRUE(check_out(options_)) << log_;
  EXPECT_FALSE(exists("sub/stray"));
}

TEST_F(GitCheckoutTest, AnUnreadableRepositoryFailsWithGitsWords) {
  ASSERT_TRUE(check_out(options_)) << log_;
  write(build_ + "/build/kept", "x");
  options_.url = "file://" + folder_ + "/nowhere";
  EXPECT_FALSE(check_out(options_));
  EXPECT_NE(log_.find("nowhere' does not appear to be a git repository"), std::string::npos) << log_;
  EXPECT_TRUE(exists("kept")) << "the remote's fault is no reason to throw away what we have";
  fs::remove_all(build_);
  EXPECT_FALSE(check_out(options_));
}

TEST_F(GitCheckoutTest, ARevisionThatIsNowhereFails) {
  options_.revision = std::string(40, 'a');
  EXPECT_FALSE(check_out(options_));
  EXPECT_EQ(reason_, "revision " + options_.revision + " is nowhere in " + options_.url);
}

}  // namespace headrace::worker
