// SPDX-License-Identifier: Apache-2.0
// Polls of real repositories by the real git.
#include "changesource/pollers/git/poll.hpp"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace headrace::changesource::git_poller {
namespace {

namespace fs = std::filesystem;
using Strings = std::vector<std::string>;

std::string quoted(const std::string& text) {
  std::string out = "'";
  for (const char c : text) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return out + "'";
}

class GitPoll : public ::testing::Test {
 protected:
  void SetUp() override {
    char name[] = "/tmp/headrace-poll-XXXXXX";
    folder_ = ::mkdtemp(name);
    fs::create_directories(folder_ / "cache");
    for (const auto& [key, value] : git_environment()) ::setenv(key.c_str(), value.c_str(), 1);
    ::setenv("HOME", folder_.c_str(), 1);
    ::setenv("GIT_CONFIG_NOSYSTEM", "1", 1);
    work("init -q -b main .");
    work("config user.name Ann");
    work("config user.email ann@example.org");
    poller_.url = (folder_ / "work").string();
    poller_.branches = {"*"};
  }
  void TearDown() override { fs::remove_all(folder_); }

  GitResult git(const fs::path& where, const std::string& arguments) {
    fs::create_directories(where);
    const auto errors = folder_ / "stderr";
    const std::string line = "cd " + quoted(where) + " && git " + arguments + " 2>" + quoted(errors);
    FILE* pipe = ::popen(line.c_str(), "r");
    GitResult result;
    std::array<char, 65536> buffer;
    while (const auto n = std::fread(buffer.data(), 1, buffer.size(), pipe))
      result.out.append(buffer.data(), n);
    result.exit_code = ::pclose(pipe);
    std::stringstream text;
    text << std::ifstream(errors).rdbuf();
    result.err = text.str();
    return result;
  }
  std::string work(const std::string& arguments) {
    const auto result = git(folder_ / "work", arguments);
    EXPECT_EQ(result.exit_code, 0) << "git " << arguments << ": " << result.err;
    return result.out.substr(0, result.out.find('\n'));
  }
  // Commits one changed file, and gives the revision.
  std::string commit(const std::string& message, const std::string& file = "file") {
    fs::create_directories((folder_ / "work" / file).parent_path());
    std::ofstream(folder_ / "work" / file, std::ios::app) << message << '\n';
    work("add -A");
    work("commit -q --allow-empty-message -m " + quoted(message));
    return work("rev-parse HEAD");
  }

  Poll poll() {
    auto step = start_poll(poller_, state_);
    while (auto* pending = std::get_if<Pending>(&step)) {
      std::vector<GitResult> results;
      for (const auto& command : pending->commands) {
        std::string line;
        for (const auto& arg : command.args) line += " " + quoted(arg);
        results.push_back(git(folder_ / "cache", line));
        if (meddle_) meddle_(command, results.back());
      }
      auto next = pending->resume(std::move(results));
      step = std::move(next);
    }
    auto done = std::get<Poll>(std::move(step));
    state_ = done.state;
    return done;
  }
  // "branch: comment" of every change of a poll that must go well.
  Strings poll_comments(std::size_t warnings = 0) {
    const auto result = poll();
    EXPECT_EQ(result.error, "");
    EXPECT_EQ(result.warnings.size(), warnings) << (result.warnings.empty() ? "" : result.warnings[0]);
    Strings out;
    for (const auto& change : result.changes) out.push_back(*change.branch + ": " + change.comments);
    return out;
  }

  fs::path folder_;
  GitPollerOptions poller_;
  std::optional<PollState> state_;
  std::function<void(const GitCommand&, GitResult&)> meddle_;  ///< may spoil a result
};

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

TEST_F(GitPoll, LetsABadTagStopNoOther) {
  poller_.branches = {"*"};
  poller_.only_tags = true;
  commit("old");
  work("tag v1");
  work("tag tree HEAD^{tree}");
  work("tag blob HEAD:file");
  poll();
  commit("new");
  work("tag v2");
  work("tag tree2 HEAD^{tree}");
  EXPECT_EQ(poll_comments(3), Strings{"refs/tags/v2: new"});
}

TEST_F(GitPoll, LetsABrokenBranchStopNoOther) {
  commit("old");
  work("checkout -q -b broken");
  commit("b old");
  work("checkout -q main");
  poll();
  work("checkout -q broken");
  const auto bad = commit("b new");
  work("checkout -q main");
  commit("m new");
  // The object of one tip is lost at the remote.
  const auto object = folder_ / "work/.git/objects" / bad.substr(0, 2) / bad.substr(2);
  const auto aside = folder_ / "aside";
  fs::rename(object, aside);
  const auto result = poll();
  ASSERT_EQ(result.changes.size(), 1u);
  EXPECT_EQ(result.changes[0].comments, "m new");
  ASSERT_FALSE(result.warnings.empty());
  EXPECT_NE(result.warnings[0].find("'broken'"), std::string::npos) << result.warnings[0];
  fs::rename(aside, object);
  EXPECT_EQ(poll_comments(), Strings{"broken: b new"});
}

TEST_F(GitPoll, LeavesNoCommitToABranchThatCannotBeRead) {
  commit("old");
  poll();
  commit("shared");
  const auto tip = work("rev-parse HEAD");
  work("checkout -q -b topic");
  commit("topic one");
  meddle_ = [&](const GitCommand& command, GitResult& result) {
    const auto& args = command.args;
    const bool is_log = std::find(args.begin(), args.end(), "log") != args.end();
    if (is_log && std::find(args.begin(), args.end(), tip) != args.end())
      result = {128, "", "fatal: bad object"};
  };
  EXPECT_EQ(poll_comments(1), (Strings{"topic: shared", "topic: topic one"}));
  meddle_ = nullptr;
  work("checkout -q main");
  commit("two");
  EXPECT_EQ(poll_comments(), Strings{"main: two"});
}

TEST_F(GitPoll, GoesOnWithoutItsCache) {
  commit("old");
  poll();
  commit("one");
  fs::remove_all(folder_ / "cache");
  EXPECT_EQ(poll_comments(), Strings{"main: one"});
}

TEST_F(GitPoll, DoesNotFloodWhenTheKnownHistoryIsLost) {
  for (const char* message : {"1", "2", "3"}) commit(message);
  poll();
  fs::remove_all(folder_ / "cache");
  work("commit -q --amend -m 3b");
  work("reflog expire --expire=now --all");
  work("gc -q --prune=now");
  EXPECT_EQ(poll_comments(1), Strings{"main: 3b"});
}

TEST_F(GitPoll, FailsAsAWholeWithItsStateUnchanged) {
  commit("old");
  poll();
  const auto before = state_;
  const auto away = folder_ / "away";
  fs::rename(folder_ / "work", away);
  const auto result = poll();
  EXPECT_NE(result.error.find(poller_.url), std::string::npos) << result.error;
  EXPECT_EQ(result.state, before);
  EXPECT_TRUE(result.changes.empty());
  fs::rename(away, folder_ / "work");
  commit("new");
  EXPECT_EQ(poll_comments(), Strings{"main: new"});
}

TEST_F(GitPoll, FailsOnItsFirstPollWithoutAState) {
  poller_.url = (folder_ / "nowhere").string();
  EXPECT_NE(poll().error, "");
  EXPECT_EQ(state_, std::nullopt);
  poller_.url = "--upload-pack=touch " + (folder_ / "evil").string();
  EXPECT_NE(poll().error, "");
  EXPECT_FALSE(fs::exists(folder_ / "evil"));
}

TEST_F(GitPoll, BeginsAnewForAnotherUrl) {
  commit("old");
  poll();
  commit("one");
  poller_.url = "file://" + poller_.url;
  EXPECT_EQ(poll_comments(), Strings{});
  commit("two");
  EXPECT_EQ(poll_comments(), Strings{"main: two"});
}

TEST_F(GitPoll, NamesABranchThatIsNotThere) {
  commit("old");
  poller_.branches = {"main", "mian"};
  EXPECT_EQ(poll().warnings, Strings{"the repository has no 'mian'"});
}

TEST_F(GitPoll, ReadsManyCommitsAndOddMessages) {
  commit("old");
  poll();
  for (int i = 0; i < 30; ++i) work("commit -q --allow-empty -m c" + std::to_string(i));
  commit("");
  work("-c i18n.commitEncoding=ISO-8859-1 commit -q --allow-empty -m \"$(printf 'latin \\374')\"");
  // In an encoding that nothing can convert: the bytes come as they are.
  work("-c i18n.commitEncoding=x-none commit -q --allow-empty -m \"$(printf 'bad \\377')\"");
  const auto comments = poll_comments();
  ASSERT_EQ(comments.size(), 33u);
  EXPECT_EQ(comments[0], "main: c0");
  EXPECT_EQ(comments[29], "main: c29");
  EXPECT_EQ(comments[30], "main: ");
  EXPECT_EQ(comments[31], "main: latin ü");
  EXPECT_EQ(comments[32], "main: bad \xEF\xBF\xBD");
}

}  // namespace
}  // namespace headrace::changesource::git_poller
