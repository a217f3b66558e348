// SPDX-License-Identifier: Apache-2.0
// The git step's sequence with the real git and real repositories.
#include <functional>
#include <map>

#include "worker/core/steps/git/checkout_fixture.hpp"

namespace headrace::worker::testing {

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
  // What is there already is built without the remote, too.
  options_.revision = first_;
  fs::rename(origin_, origin_ + "-away");
  ASSERT_TRUE(check_out(options_)) << log_;
  EXPECT_EQ(got_, first_);
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
  commit("d.c", "four");
  git({"update-ref", "refs/pull/3/head", "HEAD"}, origin_);
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
  ASSERT_TRUE(check_out(options_)) << log_;  // below the tip of a pull request: not advertised
  EXPECT_EQ(got_, third);
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

TEST_F(GitCheckoutTest, FindsNoBranchInATagAndNoNameThatIsGone) {
  git({"tag", "release", first_}, origin_);
  git({"branch", "release"}, origin_);
  options_.branch = "release";
  ASSERT_TRUE(check_out(options_)) << log_;
  EXPECT_EQ(got_, second_) << "the branch, not the tag of its name";
  git({"branch", "-q", "-D", "release"}, origin_);
  ASSERT_TRUE(check_out(options_)) << log_;
  EXPECT_EQ(got_, first_) << "the tag: there is no such branch any more";
  git({"tag", "-d", "release"}, origin_);
  EXPECT_FALSE(check_out(options_));
  EXPECT_EQ(reason_, "there is no 'refs/heads/release' in " + options_.url);
  options_.branch = "";
  options_.revision = "release";
  EXPECT_FALSE(check_out(options_)) << "the local branch of the build before is no answer";
}

TEST_F(GitCheckoutTest, TakesARefThatIsNoBranch) {
  git({"checkout", "-q", "-b", "pull"}, origin_);
  const auto third = commit("c.c", "three");
  git({"update-ref", "refs/pull/7/head", third}, origin_);
  git({"checkout", "-q", "main"}, origin_);
  git({"branch", "-q", "-D", "pull"}, origin_);
  options_.branch = "refs/pull/7/head";
  for (const int depth : {0, 1, 0}) {
    options_.depth = depth;
    ASSERT_TRUE(check_out(options_)) << log_;
    EXPECT_EQ(got_, third);
  }
  options_.branch = "refs/tags/v9";
  git({"tag", "-a", "-m", "x", "v9", first_}, origin_);
  ASSERT_TRUE(check_out(options_)) << log_;
  EXPECT_EQ(got_, first_);
}

TEST_F(GitCheckoutTest, ABadBranchOfTheRemoteStopsNoOther) {
  git({"checkout", "-q", "-b", "bad"}, origin_);
  const auto bad = commit("c.c", "three");
  git({"checkout", "-q", "main"}, origin_);
  fs::remove(origin_ + "/.git/objects/" + bad.substr(0, 2) + "/" + bad.substr(2));
  options_.branch = "main";
  ASSERT_TRUE(check_out(options_)) << log_;
  const auto third = commit("d.c", "four");
  ASSERT_TRUE(check_out(options_)) << log_;
  EXPECT_EQ(got_, third);
}

TEST_F(GitCheckoutTest, RemovesLocksWhereverAKilledGitLeftThem) {
  ASSERT_TRUE(check_out(options_)) << log_;
  const auto dot = build_ + "/build/.git/";
  for (const char* lock :
       {"index", "HEAD", "config", "shallow", "packed-refs", "FETCH_HEAD", "refs/heads/main",
        "refs/remotes/origin/main", "ORIG_HEAD", "gc.pid", "modules/lib/index"})
    write(dot + lock + ".lock", "");
  write(dot + "gc.pid", "1 elsewhere");
  write(dot + "objects/pack/tmp_pack_x", "half");
  git({"branch", "tmp_kept"}, build_ + "/build");
  write(build_ + "/build/kept", "x");
  const auto third = commit("c.c", "three");
  ASSERT_TRUE(check_out(options_)) << log_;
  EXPECT_EQ(got_, third);
  EXPECT_TRUE(exists("kept"));
  EXPECT_FALSE(exists(".git/objects/pack/tmp_pack_x"));
  EXPECT_FALSE(exists(".git/gc.pid"));
}

TEST_F(GitCheckoutTest, MakesAnewWhatIsNoFolderOrNotWritable) {
  for (int i = 0; i < 3; ++i) {
    drop_root();
    ASSERT_TRUE(check_out(options_)) << log_;
    options_.full = i == 1;
    write(build_ + "/build/dir/sub/x", "x");
    drop_root();
    ASSERT_EQ(run({"chmod", "-R", "a-w", build_ + "/build/dir"}, folder_).rc, 0);
    ASSERT_EQ(run({"chmod", "000", build_ + "/build/dir/sub"}, folder_).rc, 0);
    if (i == 2) {
      ASSERT_EQ(run({"chmod", "-R", "a-w", build_ + "/build/.git"}, folder_).rc, 0);
    }
    commit("dir/sub/y", std::to_string(i));
    ASSERT_TRUE(check_out(options_)) << log_ << reason_;
    EXPECT_EQ(text("dir/sub/y"), std::to_string(i));
  }
  for (const auto& [name, make] : std::map<std::string, std::function<void(const std::string&)>>{
           {"file", [this](const std::string& p) { write(p, "x"); }},
           {"dead link", [](const std::string& p) { fs::create_symlink("nowhere", p); }},
           {"link to itself", [](const std::string& p) { fs::create_symlink("build", p); }},
           {".git a file", [this](const std::string& p) { write(p + "/.git", "gitdir: /nowhere\n"); }},
           {".git a link", [](const std::string& p) {
              fs::create_directory(p);
              fs::create_symlink("/", p + "/.git");
            }}}) {
    fs::remove_all(build_ + "/build");
    make(build_ + "/build");
    drop_root();
    ASSERT_TRUE(check_out(options_)) << name << log_;
    EXPECT_EQ(text("b.c"), "two") << name;
  }
}

TEST_F(GitCheckoutTest, AFileWhereAFolderAboveTheTreeIsWanted) {
  write(build_ + "/deep", "a file");
  GitCheckout checkout(options_, build_, build_ + "/deep/down/build");
  auto command = std::optional(checkout.start());
  while (command) {
    const auto r = run_step(*command);
    command = checkout.next(r.rc, r.output);
  }
  EXPECT_TRUE(checkout.succeeded());
}

TEST_F(GitCheckoutTest, TouchesNoOtherRepositoryThatTheEnvironmentNames) {
  const auto other = folder_ + "/other";
  git({"init", "-q", other}, folder_);
  write(other + "/own", "own");
  git({"add", "-A"}, other);
  git({"commit", "-q", "-m", "own"}, other);
  const auto before = git({"rev-parse", "HEAD"}, other) + git({"ls-files", "-s"}, other);
  for (const Environment& env :
       {Environment{{"GIT_DIR", other + "/.git"}},
        Environment{{"GIT_DIR", other + "/.git"}, {"GIT_WORK_TREE", other}},
        Environment{{"GIT_INDEX_FILE", other + "/.git/index"}},
        Environment{{"GIT_OBJECT_DIRECTORY", other + "/.git/objects"}},
        Environment{{"GIT_COMMON_DIR", other + "/.git"}}, Environment{{"GIT_NAMESPACE", "x"}},
        Environment{{"GIT_CONFIG_PARAMETERS", "'core.worktree=" + other + "'"}}}) {
    worker_env_ = env;
    ASSERT_TRUE(check_out(options_)) << env.begin()->first << log_;
    EXPECT_EQ(text("b.c"), "two");
    EXPECT_EQ(git({"rev-parse", "HEAD"}, other) + git({"ls-files", "-s"}, other), before);
    fs::remove_all(build_);
  }
}

}  // namespace headrace::worker::testing
