// SPDX-License-Identifier: Apache-2.0
// What a poll finds in real repositories, with the real git.
#include "changesource/pollers/git/poll_fixture.hpp"

namespace headrace::changesource::git_poller {
namespace {

TEST_F(GitPoll, RecordsTipsFirstAndThenGivesEveryCommitOnce) {
  commit("old");
  EXPECT_EQ(poll_comments(), Strings{});
  EXPECT_EQ(poll_comments(), Strings{});
  commit("one");
  commit("two");
  EXPECT_EQ(poll_comments(), (Strings{"main: one", "main: two"}));
  EXPECT_EQ(poll_comments(), Strings{});
}

TEST_F(GitPoll, TellsEverythingAboutACommit) {
  commit("old");
  poll();
  poller_.codebase = "mill";
  poller_.project = "acme";
  poller_.category = "polled";
  work("mv file moved");
  ::setenv("GIT_COMMITTER_DATE", "1234567890 +0200", 1);
  ::setenv("GIT_COMMITTER_NAME", "Böb", 1);
  const auto revision = commit("Zeile ü\n\nmore\n", "dir/ä \"b");
  ::unsetenv("GIT_COMMITTER_DATE");
  ::unsetenv("GIT_COMMITTER_NAME");
  const auto result = poll();
  ASSERT_EQ(result.changes.size(), 1u);
  const auto& change = result.changes[0];
  EXPECT_EQ(change.author, "Ann <ann@example.org>");
  EXPECT_EQ(change.committer, "Böb <ann@example.org>");
  EXPECT_EQ(change.comments, "Zeile ü\n\nmore");
  EXPECT_EQ(change.files, (Strings{"dir/ä \"b", "file", "moved"}));
  EXPECT_EQ(change.revision, revision);
  EXPECT_EQ(change.branch, "main");
  EXPECT_EQ(change.when_ms, 1'234'567'890'000);
  EXPECT_EQ(change.repository, poller_.url);
  EXPECT_EQ(change.codebase, "mill");
  EXPECT_EQ(change.project, "acme");
  EXPECT_EQ(change.category, "polled");
}

TEST_F(GitPoll, StartsWithAnEmptyRepository) {
  poller_.branches = {};
  EXPECT_EQ(poll_comments(), Strings{});
  commit("very first");
  EXPECT_EQ(poll_comments(), Strings{"main: very first"});
}

TEST_F(GitPoll, FollowsTheHeadUnlessToldBranches) {
  commit("old");
  poller_.branches = {};
  poll();
  work("checkout -q -b side");
  commit("aside");
  work("checkout -q main");
  commit("ahead");
  EXPECT_EQ(poll_comments(), Strings{"main: ahead"});
}

TEST_F(GitPoll, GivesTheCommitsOfANewBranchAndSharedOnesToTheOldBranch) {
  commit("old");
  poll();
  commit("shared");
  work("checkout -q -b alpha");  // sorts before main
  commit("alpha one");
  EXPECT_EQ(poll_comments(), (Strings{"main: shared", "alpha: alpha one"}));
  work("checkout -q main");
  work("merge -q --ff-only alpha");
  EXPECT_EQ(poll_comments(), Strings{});  // known already
}

TEST_F(GitPoll, GivesOfAMergeOnlyTheMerge) {
  commit("old");
  poller_.branches = {"main"};
  poll();
  work("checkout -q -b side");
  commit("side one", "a");
  commit("side two", "b");
  work("checkout -q main");
  work("merge -q --no-ff -m merged side");
  const auto result = poll();
  ASSERT_EQ(result.changes.size(), 1u);
  EXPECT_EQ(result.changes[0].comments, "merged");
  EXPECT_EQ(result.changes[0].files, (Strings{"a", "b"}));
}

TEST_F(GitPoll, FollowsABranchThatIsMovedByForce) {
  commit("old");
  commit("dropped");
  poll();
  work("reset -q --hard HEAD~1");
  EXPECT_EQ(poll_comments(), Strings{});  // moved back: nothing new
  commit("instead");
  EXPECT_EQ(poll_comments(), Strings{"main: instead"});
}

TEST_F(GitPoll, TellsABranchThatIsGoneAndTakesOneInItsPlace) {
  commit("old");
  work("branch topic");
  poll();
  work("branch -D topic");
  const auto gone = poll();
  EXPECT_EQ(gone.warnings, Strings{"'topic' is gone"});
  EXPECT_EQ(gone.state->tips.size(), 1u);
  EXPECT_TRUE(poll().warnings.empty());
  work("checkout -q -b topic/new");  // could not be stored beside a branch "topic"
  commit("in place");
  EXPECT_EQ(poll_comments(), Strings{"topic/new: in place"});
}

TEST_F(GitPoll, ABranchThatComesBackShowsOnlyWhatIsNew) {
  commit("old");
  work("checkout -q -b topic");
  poll();
  commit("told");
  EXPECT_EQ(poll_comments(), Strings{"topic: told"});
  work("checkout -q main");
  work("branch -m topic elsewhere");
  work("update-ref refs/kept/elsewhere elsewhere");
  work("branch -D elsewhere");
  EXPECT_EQ(poll().warnings, Strings{"'topic' is gone"});
  EXPECT_EQ(poll_comments(), Strings{});
  work("checkout -q -b topic refs/kept/elsewhere");
  EXPECT_EQ(poll_comments(), Strings{});
  commit("new");
  EXPECT_EQ(poll_comments(), Strings{"topic: new"});
}

TEST_F(GitPoll, ARepositoryWithoutBranchesForOnePollIsNoFlood) {
  commit("one");
  commit("two");
  poll();
  work("update-ref refs/kept/main main");
  work("checkout -q --detach");
  work("branch -D main");
  EXPECT_EQ(poll().warnings, Strings{"'main' is gone"});
  work("checkout -q -b main refs/kept/main");
  commit("three");
  EXPECT_EQ(poll_comments(), Strings{"main: three"});
}

TEST_F(GitPoll, WatchesTags) {
  poller_.branches = {"v*"};
  poller_.only_tags = true;
  commit("old");
  work("tag v1");
  poll();
  commit("new");
  EXPECT_EQ(poll_comments(), Strings{});
  work("tag -a -m annotated v2");
  work("tag other");
  EXPECT_EQ(poll_comments(), Strings{"refs/tags/v2: new"});
  EXPECT_EQ(poll_comments(), Strings{});
}

}  // namespace
}  // namespace headrace::changesource::git_poller
