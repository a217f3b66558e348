// SPDX-License-Identifier: Apache-2.0
// What the code of one build writes into its copy must not run in the checkout of the next, nor in what that
// build's own git does, nor change what is checked out.
#include "worker/core/steps/git/checkout_fixture.hpp"

namespace headrace::worker::testing {
namespace {

class GitPoisonTest : public GitCheckoutTest {
 protected:
  /// Runs it in the copy, as a step would.
  void poison(const std::string& script) {
    const auto r = run({"/bin/sh", "-c", "evil=" + folder_ + "/evil\n" + script, "step"}, build_ + "/build");
    ASSERT_EQ(r.rc, 0) << r.output;
  }
  /// The next build: its checkout, and what its steps may ask git.
  std::string next_build(const GitOptions& options) {
    if (!check_out(options)) return "no checkout: " + log_;
    for (const char* command : {"git status --short", "git describe --always --dirty", "git diff",
                                "git checkout -q HEAD -- .", "git submodule foreach --quiet 'git status'"}) {
      const auto r = run({"/bin/sh", "-c", command}, build_ + "/build");
      if (r.rc != 0) return std::string(command) + ": " + r.output;
    }
    return fs::exists(folder_ + "/evil") ? "ran " + git({"config", "-f", folder_ + "/evil", "-l"}, "/") : "";
  }
  void with_submodule() {
    const std::string library = folder_ + "/library";
    git({"init", "-q", library}, folder_);
    write(library + "/l.c", "lib");
    git({"add", "."}, library);
    git({"commit", "-q", "-m", "lib"}, library);
    git({"submodule", "add", "-q", "file://" + library, "sub"}, origin_);
    git({"commit", "-q", "-m", "sub"}, origin_);
  }
};

const char* const kHook = "printf '#!/bin/sh\\ntouch %s\\n' $evil > $d/hooks/$h; chmod +x $d/hooks/$h\n";

const std::pair<const char*, const char*> kPoisons[] = {
    {"a hook",
     "mkdir -p .git/hooks; d=.git; for h in post-checkout reference-transaction post-index-change; do KHOOK "
     "done"},
    {"fsmonitor", "git config core.fsmonitor \"touch $evil; false\""},
    {"a hooks path", "mkdir -p h/hooks; d=h; h=post-checkout; KHOOK git config core.hooksPath h/hooks"},
    {"a filter",
     "git config filter.x.smudge \"touch $evil; cat\"; git config filter.x.clean \"touch $evil; cat\"; "
     "echo '* filter=x' > .git/info/attributes"},
    {"an include",
     "git config --file x.inc core.fsmonitor \"touch $evil; false\"; git config include.path ../x.inc"},
    {"a configuration of the work tree",
     "git config core.repositoryFormatVersion 1; git config extensions.worktreeConfig true; "
     "git config --file .git/config.worktree core.fsmonitor \"touch $evil; false\""},
    {"an ssh command",
     "git config core.sshCommand \"touch $evil; false\"; git config core.askPass \"touch $evil\"; "
     "git config url.ssh://x/.insteadOf file://"},
    {"another directory",
     "cp -R .git other; git config -f other/config core.fsmonitor \"touch $evil; false\"; "
     "echo ../other > .git/commondir"},
    {"a link",
     "cp -R .git other; git config -f other/config core.fsmonitor \"touch $evil; false\"; "
     "rm -rf .git; ln -s other .git"},
    {"a link to the configuration",
     "cp .git/config x.inc; git config -f x.inc core.fsmonitor \"touch $evil; false\"; "
     "ln -sf ../x.inc .git/config"},
    {"a file in its place",
     "mv .git other; git config -f other/config core.fsmonitor \"touch $evil; false\"; "
     "echo gitdir: other > .git"},
};

std::string filled(std::string text) {
  for (auto at = text.find("KHOOK"); at != std::string::npos; at = text.find("KHOOK"))
    text.replace(at, 5, kHook);
  return text;
}

}  // namespace

TEST_F(GitPoisonTest, NothingOfTheBuildBeforeRuns) {
  for (const auto& [name, script] : kPoisons) {
    for (const bool full : {false, true}) {
      options_.full = full;
      ASSERT_TRUE(check_out(options_)) << log_;
      poison(filled(script));
      fs::remove(folder_ + "/evil");
      EXPECT_EQ(next_build(options_), "") << name << (full ? ", full" : "");
      fs::remove(folder_ + "/evil");
      EXPECT_EQ(git({"ls-files", "-v"}, build_ + "/build"), "H a.c\nH b.c");
    }
  }
}

TEST_F(GitPoisonTest, NothingOfTheBuildBeforeRunsInSubmodules) {
  with_submodule();
  const std::pair<const char*, const char*> poisons[] = {
      {"its configuration", "git -C sub config core.fsmonitor \"touch $evil; false\""},
      {"its hooks",
       "d=.git/modules/sub; mkdir -p $d/hooks; for h in post-checkout reference-transaction; do KHOOK done"},
      {"an update command", "git config submodule.sub.update \"!touch $evil\""},
      {"a repository in its place",
       "rm -rf sub; git init -q sub; git -C sub config core.fsmonitor \"touch $evil; false\""},
      {"a repository elsewhere",
       "git init -q other; git -C other config core.fsmonitor \"touch $evil; false\"; "
       "echo gitdir: ../other/.git > sub/.git"},
      {"another git directory among the modules",
       "cp -R .git/modules/sub .git/modules/other; rm -f .git/modules/other/HEAD; ln -s ../sub/HEAD "
       ".git/modules/other/HEAD; "
       "git config -f .git/modules/other/config core.fsmonitor \"touch $evil; false\"; "
       "echo gitdir: ../.git/modules/other > sub/.git"},
  };
  for (const auto& [name, script] : poisons) {
    for (const bool submodules : {true, false}) {
      options_.submodules = true;
      ASSERT_TRUE(check_out(options_)) << log_;
      poison(filled(script));
      fs::remove(folder_ + "/evil");
      options_.submodules = submodules;
      EXPECT_EQ(next_build(options_), "") << name << (submodules ? "" : ", not asked for");
      if (submodules) {
        EXPECT_EQ(text("sub/l.c"), "lib") << name;
      }
      fs::remove(folder_ + "/evil");
    }
  }
}

TEST_F(GitPoisonTest, ACommitIsWhatItIs) {
  options_.full = true;
  const std::pair<const char*, const char*> poisons[] = {
      {"not looked at", "git update-index --assume-unchanged a.c; echo evil > a.c"},
      {"skipped", "git update-index --skip-worktree a.c; echo evil > a.c"},
      {"replaced", "echo evil > a.c; git commit -q -a -m evil; git replace origin/main HEAD"},
      {"elsewhere", "git config core.worktree /tmp; echo evil > a.c"},
      {"sparse", "git config core.sparseCheckout true; echo b.c > .git/info/sparse-checkout; rm a.c"},
  };
  for (const auto& [name, script] : poisons) {
    ASSERT_TRUE(check_out(options_)) << log_;
    poison(script);
    EXPECT_EQ(next_build(options_), "") << name;
    EXPECT_EQ(text("a.c"), "one") << name;
  }
}

// Tidying is no reason to fetch or to write anything anew.
TEST_F(GitPoisonTest, WhatIsSoundStays) {
  with_submodule();
  options_.submodules = true;
  ASSERT_TRUE(check_out(options_)) << log_;
  const auto inode = [&](const std::string& file) {
    struct stat s {};
    EXPECT_EQ(::stat((build_ + "/build/" + file).c_str(), &s), 0) << file;
    return s.st_ino;
  };
  const auto copy = inode(".git/HEAD"), module = inode(".git/modules/sub/objects"), file = inode("sub/l.c"),
             other = inode("a.c");
  fs::rename(folder_ + "/library", folder_ + "/library-away");
  for (int i = 0; i < 2; ++i) {
    ASSERT_TRUE(check_out(options_)) << log_;
    EXPECT_EQ(inode(".git/modules/sub/objects"), module);
    EXPECT_EQ(inode("sub/l.c"), file);
    EXPECT_EQ(inode("a.c"), other);
    EXPECT_FALSE(showed("rm")) << log_;
  }
  EXPECT_GT(copy, 0u);
}

}  // namespace headrace::worker::testing
