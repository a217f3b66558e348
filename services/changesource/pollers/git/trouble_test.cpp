// SPDX-License-Identifier: Apache-2.0
// Polls with the real git when something is broken, missing, locked or very large.
#include "changesource/pollers/git/poll_fixture.hpp"

namespace headrace::changesource::git_poller {
namespace {

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
  EXPECT_EQ(poll_comments(1), Strings{"refs/tags/v2: new"});
  EXPECT_EQ(poll_comments(), Strings{});
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
  ASSERT_EQ(result.failures.size(), 1u);
  EXPECT_NE(result.failures[0].find("'broken'"), std::string::npos) << result.failures[0];
  EXPECT_EQ(poll().failures.size(), 1u) << "until it is mended";
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
    const auto& argv = command.argv;
    const bool is_log = std::find(argv.begin(), argv.end(), "log") != argv.end();
    if (is_log && command.input.starts_with(tip)) result = {128, "", "fatal: bad object"};
  };
  EXPECT_EQ(poll_comments(0, 1), (Strings{"topic: shared", "topic: topic one"}));
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

TEST_F(GitPoll, IsNotStoppedByTheLocksOfAKilledGit) {
  commit("old");
  poll();
  for (const char* lock : {"refs/headrace/heads/main.lock", "packed-refs.lock", "config.lock", "HEAD.lock",
                           "gc.pid", "shallow.lock", "objects/pack/tmp_pack_x"})
    std::ofstream(folder_ / "cache" / lock) << "left";
  commit("new");
  EXPECT_EQ(poll_comments(), Strings{"main: new"});
  EXPECT_FALSE(fs::exists(folder_ / "cache/objects/pack/tmp_pack_x"));
}

TEST_F(GitPoll, MakesADamagedCacheAnew) {
  commit("old");
  work("branch quiet");
  poll();
  const auto cache = folder_ / "cache";
  const auto empty = [](const fs::path& file) {
    fs::permissions(file, fs::perms::owner_all);
    std::ofstream(file).close();
  };
  const std::pair<const char*, std::function<void()>> damages[] = {
      {"objects are empty",
       [&] {
         for (const auto& e : fs::recursive_directory_iterator(cache / "objects"))
           if (e.is_regular_file()) empty(e.path());
       }},
      {"no objects", [&] { fs::remove_all(cache / "objects"); }},
      {"HEAD is empty", [&] { empty(cache / "HEAD"); }},
      {"config is nonsense", [&] { std::ofstream(cache / "config") << "[[\x01"; }},
      {"packed-refs is nonsense", [&] { std::ofstream(cache / "packed-refs") << "nonsense\n"; }},
      {"a ref is empty",
       [&] {
         git(cache, "pack-refs --all");
         fs::create_directories(cache / "refs/headrace/heads");
         std::ofstream(cache / "refs/headrace/heads/main").close();
       }},
      {"a ref is a folder with a file",
       [&] {
         git(cache, "pack-refs --all");
         fs::create_directories(cache / "refs/headrace/heads/main");
         std::ofstream(cache / "refs/headrace/heads/main/x") << "x";
       }},
      {"shallow is nonsense", [&] { std::ofstream(cache / "shallow") << "nonsense\n"; }},
      {"alternates lead nowhere", [&] { std::ofstream(cache / "objects/info/alternates") << "/nowhere\n"; }},
  };
  for (const auto& [name, damage] : damages) {
    damage();
    commit(name);
    EXPECT_EQ(poll_comments(), Strings{std::string("main: ") + name}) << ran_;
    EXPECT_EQ(poll_comments(), Strings{}) << name;
  }
}

TEST_F(GitPoll, NamesWhatItCannotReadUntilItIsMended) {
  commit("old");
  work("checkout -q -b broken");
  const auto bad = commit("b old");
  work("checkout -q main");
  const auto object = folder_ / "work/.git/objects" / bad.substr(0, 2) / bad.substr(2);
  const auto aside = folder_ / "aside";
  fs::rename(object, aside);
  // From the first poll on, and with nothing new.
  for (int i = 0; i < 3; ++i) {
    const auto result = poll();
    ASSERT_EQ(result.failures.size(), 1u);
    EXPECT_NE(result.failures[0].find("'broken'"), std::string::npos) << result.failures[0];
    EXPECT_EQ(ran_.find("fsck") == std::string::npos, i > 0) << "the cache was found sound already";
    state_ = *read_state(write_state(*state_));
  }
  fs::rename(aside, object);
  EXPECT_EQ(poll_comments(), Strings{});
  work("checkout -q broken");
  commit("b new");
  EXPECT_EQ(poll_comments(), Strings{"broken: b new"});
}

TEST_F(GitPoll, WatchesVeryManyBranches) {
  commit("old");
  const auto tip = work("rev-parse HEAD");
  std::string stream;
  constexpr int kBranches = 1200;
  for (int i = 0; i < kBranches; ++i) {
    const auto n = std::to_string(i);
    stream += "commit refs/heads/topic-" + n + "\ncommitter A <a@x> " + std::to_string(1'700'000'000 + i) +
              " +0000\ndata 1\n" + n.substr(0, 1) + "\nfrom " + tip + "\nM 644 inline f\ndata 1\nx\n";
  }
  EXPECT_EQ(git(folder_ / "work", "fast-import --quiet", stream).exit_code, 0);
  EXPECT_EQ(poll_comments(), Strings{});
  work("checkout -q topic-77");
  commit("the one");
  EXPECT_EQ(poll_comments(), Strings{"topic-77: the one"});
  // No command line holds what grows with them.
  std::istringstream lines(ran_);
  for (std::string line; std::getline(lines, line);) EXPECT_LT(line.size(), 2000u);
  // A bad one among them is found in few fetches, and stops no other.
  work("checkout -q main");
  std::string moved, broken;
  for (int i = 0; i < kBranches; ++i)
    moved += "update refs/heads/topic-" + std::to_string(i) + " refs/heads/main\n";
  work("checkout -q -b broken");
  broken = commit("broken");
  work("checkout -q main");
  const auto sum = commit("all go here");
  std::string updates;
  for (int i = 0; i < kBranches; ++i)
    updates += "update refs/heads/topic-" + std::to_string(i) + " " + sum + "\n";
  EXPECT_EQ(git(folder_ / "work", "update-ref --stdin", updates).exit_code, 0);
  fs::remove(folder_ / "work/.git/objects" / broken.substr(0, 2) / broken.substr(2));
  EXPECT_EQ(poll_comments(0, 1), Strings{"main: all go here"});
  std::size_t fetches = 0;
  for (auto at = ran_.find("'fetch'"); at != std::string::npos; at = ran_.find("'fetch'", at + 1)) ++fetches;
  EXPECT_LT(fetches, 60u);
}

TEST_F(GitPoll, ReadsARepositoryOfSha256) {
  fs::remove_all(folder_ / "work");
  work("init -q -b main --object-format=sha256 .");
  work("config user.name Ann");
  work("config user.email ann@example.org");
  commit("old");
  poll();
  commit("new");
  EXPECT_EQ(poll_comments(), Strings{"main: new"});
}

TEST_F(GitPoll, KeepsThePasswordOfAnAddressToItself) {
  commit("old");
  const auto plain = poller_.url;
  poller_.url = "http://ci:t0ken@127.0.0.1:1/app.git";
  const auto result = poll();
  EXPECT_NE(result.error.find("http://127.0.0.1:1/app.git"), std::string::npos) << result.error;
  EXPECT_EQ(result.error.find("t0ken"), std::string::npos) << result.error;
  // Another password is the same repository.
  state_ = PollState{"http://127.0.0.1:1/app.git", {{"refs/heads/main", work("rev-parse HEAD")}}, {}, {}};
  EXPECT_EQ(poll().state, state_);
  // The address of a change is that without it; git has the whole one.
  work("config --global url." + plain + ".insteadOf http://ci:t0ken@127.0.0.1:1/app.git");
  commit("new");
  const auto changes = poll().changes;
  ASSERT_EQ(changes.size(), 1u);
  EXPECT_EQ(changes[0].repository, "http://127.0.0.1:1/app.git");
}

TEST_F(GitPoll, WorksInNoRepositoryThatTheEnvironmentNames) {
  std::map<std::string, std::string> environment = {{"GIT_DIR", "/x"}, {"GIT_OBJECT_DIRECTORY", "/y"}};
  prepare_environment(environment);
  EXPECT_FALSE(environment.contains("GIT_DIR"));
  EXPECT_FALSE(environment.contains("GIT_OBJECT_DIRECTORY"));
}

}  // namespace
}  // namespace headrace::changesource::git_poller
