// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <algorithm>

#include "changesource/pollers/git/commits.hpp"
#include "changesource/pollers/git/poll.hpp"
#include "changesource/pollers/git/refs.hpp"

namespace headrace::changesource::git_poller {
namespace {

const std::string kA(40, 'a'), kB(40, 'b'), kC(64, 'c');

TEST(LsRemote, ReadsRefsHeadAndPeeledTags) {
  const auto refs =
      parse_ls_remote("ref: refs/heads/main\tHEAD\n" + kA + "\tHEAD\n" + kA + "\trefs/heads/main\n" + kB +
                      "\trefs/tags/v1\n" + kC + "\trefs/tags/v1^{}\n");
  ASSERT_TRUE(refs);
  EXPECT_EQ(refs->head, "refs/heads/main");
  EXPECT_EQ(refs->commits, (std::map<std::string, std::string>{
                               {"HEAD", kA}, {"refs/heads/main", kA}, {"refs/tags/v1", kC}}));
  EXPECT_TRUE(parse_ls_remote("")->commits.empty());
}

TEST(LsRemote, NamesTheLineThatIsNone) {
  for (const std::string bad : {"warning: redirecting", "xyz\trefs/heads/main", "aaaa\trefs/heads/main"}) {
    const auto refs = parse_ls_remote(bad + "\n");
    ASSERT_FALSE(refs);
    EXPECT_NE(refs.error().text.find(bad), std::string::npos);
  }
}

TEST(Watched, TakesGlobsOrTheHead) {
  RemoteRefs remote;
  remote.head = "refs/heads/main";
  for (const char* ref : {"HEAD", "refs/heads/main", "refs/heads/release/1", "refs/heads/release/x/2",
                          "refs/tags/v1", "refs/pull/7/head"}) {
    remote.commits[ref] = kA;
  }
  std::vector<std::string> missing;
  const auto names = [&](std::vector<std::string> branches, bool only_tags = false) {
    GitPollerOptions poller;
    poller.branches = std::move(branches);
    poller.only_tags = only_tags;
    std::string out;
    missing.clear();
    for (const auto& [ref, commit] : watched(poller, remote, missing)) out += branch_name(ref) + " ";
    return out;
  };
  EXPECT_EQ(names({}), "main ");
  EXPECT_EQ(names({"release/*"}), "release/1 release/x/2 ");
  EXPECT_EQ(names({"main", "*"}), "main release/1 release/x/2 ");
  EXPECT_EQ(names({"mai?", "nothing*"}), "main ");
  EXPECT_TRUE(missing.empty());
  EXPECT_EQ(names({"main", "lost"}), "main ");
  EXPECT_EQ(missing, std::vector<std::string>{"lost"});
  EXPECT_EQ(names({"refs/pull/*/head"}), "refs/pull/7/head ");
  EXPECT_EQ(names({}, true), "refs/tags/v1 ");
  EXPECT_EQ(names({"v2*"}, true), "");
  remote.head = "";
  EXPECT_EQ(names({}), "HEAD ");
}

TEST(ParseLog, RefusesEveryCutThatLosesSomething) {
  const auto nul = [](std::string text) {
    std::replace(text.begin(), text.end(), '|', '\0');
    return text;
  };
  const std::string one = nul("|" + kA + "|Ann <a@x>|Bob <b@x>|1234567890|subject\n\nbody\n||\na.c|b c|");
  const std::string two = nul("|" + kB + "|Ann <a@x>|Bob <b@x>|5|empty||");
  const auto both = parse_log(one + two);
  ASSERT_TRUE(both) << both.error().text;
  ASSERT_EQ(both->size(), 2u);
  EXPECT_EQ((*both)[0].revision, kA);
  EXPECT_EQ((*both)[0].author, "Ann <a@x>");
  EXPECT_EQ((*both)[0].committer, "Bob <b@x>");
  EXPECT_EQ((*both)[0].when_ms, 1'234'567'890'000);
  EXPECT_EQ((*both)[0].comments, "subject\n\nbody");
  EXPECT_EQ((*both)[0].files, (std::vector<std::string>{"a.c", "b c"}));
  EXPECT_EQ((*both)[1].comments, "empty");
  EXPECT_TRUE((*both)[1].files.empty());
  for (std::size_t size = 1; size < two.size(); ++size) EXPECT_FALSE(parse_log(two.substr(0, size))) << size;
  EXPECT_FALSE(parse_log(one.substr(0, one.size() - 1)));
  EXPECT_FALSE(parse_log("fatal: something"));
  EXPECT_TRUE(parse_log("")->empty());
}

TEST(ParseLog, TakesCommitsOfAnyTime) {
  for (const std::string time :
       {"125963945401676230", "-125963945401676230", "99999999999999999999", "never", ""}) {
    std::string text = "|" + kA + "|Ann <a@x>|Bob <b@x>|" + time + "|text||";
    std::replace(text.begin(), text.end(), '|', '\0');
    const auto changes = parse_log(text);
    ASSERT_TRUE(changes) << changes.error().text;
    EXPECT_EQ(changes->at(0).when_ms, 0) << time;
  }
}

TEST(PollState, SurvivesItsText) {
  const PollState state{"https://git.example/\"x\"", {{"refs/heads/main", kA}, {"refs/heads/ü", kB}}};
  EXPECT_EQ(*read_state(write_state(state)), state);
  for (const char* bad : {"", "{}", "[]", R"({"tips": {"a": 1}, "url": "u"})", R"({"tips": {}})"}) {
    EXPECT_FALSE(read_state(bad)) << bad;
  }
}

}  // namespace
}  // namespace headrace::changesource::git_poller
