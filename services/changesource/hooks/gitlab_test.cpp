// SPDX-License-Identifier: Apache-2.0
#include "changesource/hooks/hook_test.hpp"

namespace headrace::changesource::hooks {
namespace {

const std::string kPush = R"({
  "object_kind": "push", "ref": "refs/heads/main", "user_name": "Ann",
  "repository": {"name": "mill", "url": "git@lab.example:acme/mill.git"},
  "commits": [
    {"id": "a1", "message": "first", "timestamp": "2009-02-14T01:31:30+02:00", "url": "https://lab.example/c/a1",
     "author": {"name": "Ann", "email": "ann@example.org"}, "added": ["n.c"], "modified": ["m.c"], "removed": []},
    {"id": "b2", "message": "second", "timestamp": "2009-02-13T23:31:31Z", "url": "https://lab.example/c/b2",
     "author": {"name": "Bob", "email": "bob@example.org"}}]
})";

const std::string kMergeRequest = R"({
  "object_kind": "merge_request",
  "object_attributes": {"iid": 4, "title": "Turn", "description": null, "state": "opened", "action": "open",
    "url": "https://lab.example/acme/mill/merge_requests/4", "source_branch": "topic", "target_branch": "main",
    "source_project_id": 1, "target_project_id": 2,
    "source": {"git_http_url": "https://lab.example/ann/mill.git", "git_ssh_url": "git@lab.example:ann/mill.git"},
    "target": {"name": "mill", "git_http_url": "https://lab.example/acme/mill.git",
               "git_ssh_url": "git@lab.example:acme/mill.git"},
    "last_commit": {"id": "c3", "timestamp": "2009-02-13T23:31:30Z",
                    "author": {"name": "Ann", "email": "ann@example.org"}}}
})";

std::string with(std::string text, const std::string& from, const std::string& to) {
  const auto at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return text.replace(at, from.size(), to);
}

Outcome post(const std::string& body, Headers headers = {}, json::Object options = {},
             const std::string& query = "") {
  return receive_post({"gitlab", std::move(headers), body, std::move(options), query});
}

TEST(GitlabHook, MakesEveryCommitAChange) {
  const auto changes = delivery_of(post(kPush)).changes;
  ASSERT_EQ(changes.size(), 2u);
  EXPECT_EQ(changes[0].author, "Ann <ann@example.org>");
  EXPECT_EQ(changes[0].committer, "");
  EXPECT_EQ(changes[0].comments, "first");
  EXPECT_EQ(changes[0].branch, "main");
  EXPECT_EQ(changes[0].revision, "a1");
  EXPECT_EQ(changes[0].revlink, "https://lab.example/c/a1");
  EXPECT_EQ(changes[0].files, (std::vector<std::string>{"n.c", "m.c"}));
  EXPECT_EQ(changes[0].when_ms, 1'234'567'890'000);
  EXPECT_EQ(changes[0].repository, "git@lab.example:acme/mill.git");
  EXPECT_EQ(changes[0].project, "mill");
  EXPECT_EQ(changes[0].category, "push");
  EXPECT_EQ(changes[0].source, "gitlab");
  EXPECT_EQ(values_of(changes[0]), (json::Object{{"event", "push"}}));
  EXPECT_EQ(changes[1].revision, "b2");
}

TEST(GitlabHook, KnowsTagsCodebasesAndOldVersions) {
  const auto tag = with(with(kPush, "\"push\"", "\"tag_push\""), "refs/heads/main", "refs/tags/v1");
  const auto tagged = delivery_of(post(tag, {}, {}, "codebase=mill")).changes;
  EXPECT_EQ(tagged.at(0).branch, "v1");
  EXPECT_EQ(tagged[0].category, "tag_push");
  EXPECT_EQ(tagged[0].codebase, "mill");
  const auto old = with(kPush, "\"object_kind\": \"push\",", "");
  EXPECT_EQ(delivery_of(post(old, {{"X-Gitlab-Event", "Push Hook"}})).changes.at(0).category, "Push Hook");
  EXPECT_TRUE(delivery_of(post(old)).changes.empty());
  EXPECT_TRUE(
      delivery_of(post(with(kPush, "refs/heads/main", "refs/merge-requests/1/head"))).changes.empty());
  EXPECT_EQ(
      delivery_of(post(with(kPush, "\"id\": \"a1\"", "\"id\": \"a1\", \"distinct\": false"))).changes.size(),
      1u);
}

TEST(GitlabHook, MakesAMergeRequestOneChange) {
  const auto changes = delivery_of(post(kMergeRequest)).changes;
  ASSERT_EQ(changes.size(), 1u);
  EXPECT_EQ(changes[0].author, "Ann <ann@example.org>");
  EXPECT_EQ(changes[0].comments, "MR#4: Turn\n\nNone");  // as Buildbot prints a null
  EXPECT_EQ(changes[0].branch, "main");
  EXPECT_EQ(changes[0].revision, "c3");
  EXPECT_EQ(changes[0].repository, "https://lab.example/acme/mill.git");
  EXPECT_EQ(changes[0].project, "mill");
  EXPECT_EQ(changes[0].category, "merge_request");
  EXPECT_EQ(changes[0].revlink, "https://lab.example/acme/mill/merge_requests/4");
  EXPECT_EQ(values_of(changes[0]), (json::Object{{"event", "merge_request"},
                                                 {"source_branch", "topic"},
                                                 {"source_project_id", 1},
                                                 {"source_repository", "https://lab.example/ann/mill.git"},
                                                 {"source_git_ssh_url", "git@lab.example:ann/mill.git"},
                                                 {"target_branch", "main"},
                                                 {"target_project_id", 2},
                                                 {"target_repository", "https://lab.example/acme/mill.git"},
                                                 {"target_git_ssh_url", "git@lab.example:acme/mill.git"}}));
}

TEST(GitlabHook, BuildsAMergeRequestOnlyWhenItsCommitsAreNew) {
  const auto action = [](const std::string& text) {
    return with(kMergeRequest, "\"action\": \"open\"", text);
  };
  EXPECT_EQ(delivery_of(post(action("\"action\": \"reopen\""))).changes.size(), 1u);
  EXPECT_EQ(delivery_of(post(action("\"action\": \"update\", \"oldrev\": \"b2\""))).changes.size(), 1u);
  EXPECT_TRUE(delivery_of(post(action("\"action\": \"update\""))).changes.empty());
  EXPECT_TRUE(delivery_of(post(action("\"action\": \"approved\""))).changes.empty());
  for (const char* state : {"closed", "merged"}) {
    EXPECT_TRUE(delivery_of(post(with(kMergeRequest, "\"opened\"", "\"" + std::string(state) + "\"")))
                    .changes.empty());
  }
}

TEST(GitlabHook, TakesNotesOnMergeRequests) {
  auto body =
      with(kMergeRequest, "\"object_kind\": \"merge_request\"", "\"object_kind\": \"note\", \"x\": 1");
  body =
      with(body, "\"object_attributes\"", "\"object_attributes\": {\"note\": \"please\"}, \"merge_request\"");
  const auto changes = delivery_of(post(body)).changes;
  ASSERT_EQ(changes.size(), 1u);
  EXPECT_EQ(changes[0].category, "note");
  EXPECT_EQ(values_of(changes[0])["comments"], json::Value("please"));
  EXPECT_TRUE(delivery_of(post(with(body, "\"merge_request\"", "\"issue\""))).changes.empty());
}

TEST(GitlabHook, ComparesTheToken) {
  const json::Object options = {{"secret", "s3cret"}};
  EXPECT_EQ(delivery_of(post(kPush, {{"X-Gitlab-Token", "s3cret"}}, options)).changes.size(), 2u);
  for (const Headers& headers :
       {Headers{}, Headers{{"X-Gitlab-Token", "s3cre"}}, Headers{{"X-Gitlab-Token", "s3cret "}}}) {
    EXPECT_EQ(refusal_of(post(kPush, headers, options)), "Invalid secret");
  }
}

TEST(GitlabHook, RefusesEveryPrefixOfAPayload) {
  for (const std::string& payload : {kPush, kMergeRequest}) {
    for (std::size_t size = 0; size < payload.size(); ++size) {
      EXPECT_NE(refusal_of(post(payload.substr(0, size))).find("Error loading JSON"), std::string::npos)
          << size;
    }
  }
}

TEST(GitlabHook, NamesWhatIsMissingOrWrong) {
  EXPECT_NE(refusal_of(post("[]")).find("JSON"), std::string::npos);
  EXPECT_NE(refusal_of(post(with(kPush, "\"user_name\": \"Ann\",", ""))).find("user_name"),
            std::string::npos);
  EXPECT_NE(refusal_of(post(with(kPush, "\"b2\"", "null"))).find("'id'"), std::string::npos);
  EXPECT_NE(refusal_of(post(with(kMergeRequest, "\"action\": \"open\",", ""))).find("action"),
            std::string::npos);
  EXPECT_NE(refusal_of(post(with(kMergeRequest, "\"iid\": 4,", ""))).find("iid"), std::string::npos);
  EXPECT_NE(refusal_of(post("{\"object_kind\": \"merge_request\", \"object_attributes\": 5}"))
                .find("object_attributes"),
            std::string::npos);
}

}  // namespace
}  // namespace headrace::changesource::hooks
