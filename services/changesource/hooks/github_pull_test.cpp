// SPDX-License-Identifier: Apache-2.0
#include "changesource/hooks/hook_test.hpp"

namespace headrace::changesource::hooks {
namespace {

constexpr const char* kPayload = R"({
  "action": "opened", "number": 7, "sender": {"login": "ann"},
  "repository": {"full_name": "acme/mill", "html_url": "https://git.example/acme/mill"},
  "pull_request": {"title": "Turn the wheel", "body": "slowly", "commits": 2, "created_at": "2009-02-13T23:31:30Z",
    "_links": {"html": {"href": "https://git.example/acme/mill/pull/7"}},
    "head": {"sha": "0123abcd", "ref": "topic"}, "base": {"ref": "main"}}
})";

std::string with(const std::string& from, const std::string& to) {
  std::string text = kPayload;
  const auto at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return text.replace(at, from.size(), to);
}

Outcome pull(const std::string& body = kPayload, json::Object options = {}) {
  options.emplace("github_api_endpoint", "https://api.example/v3/");
  return receive_post({"github",
                       {{"X-GitHub-Event", "pull_request"},
                        {"Content-Type", "application/json"},
                        {"X-GitHub-Delivery", "d1"}},
                       body,
                       std::move(options),
                       ""});
}

Questions questions_of(Outcome outcome) {
  if (const auto* refusal = std::get_if<Refusal>(&outcome)) ADD_FAILURE() << "refused: " << refusal->text;
  auto* questions = std::get_if<Questions>(&outcome);
  if (questions == nullptr) {
    ADD_FAILURE() << "no questions";
    return {};
  }
  return std::move(*questions);
}

const http::Reply kMessage{200, R"({"commit": {"message": "turn"}})", ""};
const http::Reply kFiles{200, R"([{"filename": "a.c"}, {"filename": "new.c", "previous_filename": "old.c"}])",
                         ""};

TEST(GithubPull, AsksForMessageAndFilesThenMakesAChange) {
  const auto questions = questions_of(pull(kPayload, {{"token", "t0ken"}}));
  ASSERT_EQ(questions.calls.size(), 2u);
  EXPECT_EQ(questions.calls[0].url, "https://api.example/v3/repos/acme/mill/commits/0123abcd");
  EXPECT_EQ(questions.calls[1].url, "https://api.example/v3/repos/acme/mill/pulls/7/files");
  for (const auto& call : questions.calls) {
    EXPECT_EQ(call.method, "GET");
    EXPECT_EQ(call.headers.back(), (std::pair<std::string, std::string>{"Authorization", "token t0ken"}));
  }
  const auto delivery = delivery_of(questions.resume({kMessage, kFiles}));
  ASSERT_EQ(delivery.changes.size(), 1u);
  const auto& change = delivery.changes[0];
  EXPECT_EQ(change.author, "ann");
  EXPECT_EQ(change.committer, "");
  EXPECT_EQ(change.branch, "refs/pull/7/merge");
  EXPECT_EQ(change.revision, "0123abcd");
  EXPECT_EQ(change.comments, "GitHub Pull Request #7 (2 commits)\nTurn the wheel\nslowly");
  EXPECT_EQ(change.category, "pull");
  EXPECT_EQ(change.revlink, "https://git.example/acme/mill/pull/7");
  EXPECT_EQ(change.files, (std::vector<std::string>{"a.c", "new.c", "old.c"}));
  EXPECT_EQ(change.when_ms, 1'234'567'890'000);
  EXPECT_EQ(values_of(change), (json::Object{{"basename", "main"},
                                             {"event", "pull_request"},
                                             {"pullrequesturl", "https://git.example/acme/mill/pull/7"}}));
  EXPECT_TRUE(delivery.warnings.empty());
  EXPECT_EQ(delivery.key.substr(0, 7), "github:");
}

TEST(GithubPull, KnowsTheOtherOptions) {
  const auto delivery =
      delivery_of(questions_of(pull(with("\"commits\": 2", "\"commits\": 1"),
                                    {{"pullrequest_ref", "head"},
                                     {"codebase", "mill"},
                                     {"github_property_whitelist", json::Array{"github.head.*"}}}))
                      .resume({kMessage, kFiles}));
  EXPECT_EQ(delivery.changes.at(0).branch, "refs/pull/7/head");
  EXPECT_EQ(delivery.changes[0].codebase, "mill");
  EXPECT_EQ(delivery.changes[0].comments.substr(0, 34), "GitHub Pull Request #7 (1 commit)\n");
  EXPECT_EQ(values_of(delivery.changes[0])["github.head.ref"], json::Value("topic"));
}

TEST(GithubPull, SkipsWhenTheHeadCommitAsksForIt) {
  const http::Reply skip{200, R"({"commit": {"message": "turn [ci skip]"}})", ""};
  EXPECT_TRUE(delivery_of(questions_of(pull()).resume({skip, kFiles})).changes.empty());
}

TEST(GithubPull, IgnoresOtherActionsWithoutAsking) {
  for (const char* action : {"closed", "labeled", "edited", ""}) {
    EXPECT_TRUE(delivery_of(pull(with("opened", action))).changes.empty()) << action;
  }
}

TEST(GithubPull, DoesWithoutAnApiThatFails) {
  for (const auto& bad : {http::Reply{404, "{}", ""}, http::Reply{0, "", "api.example:443: timed out"},
                          http::Reply{200, "<html>", ""}}) {
    const auto delivery = delivery_of(questions_of(pull()).resume({bad, bad}));
    ASSERT_EQ(delivery.changes.size(), 1u);
    EXPECT_TRUE(delivery.changes[0].files.empty());
    EXPECT_EQ(delivery.warnings.size(), 2u);
  }
  // Good JSON of another shape.
  const http::Reply odd{200, R"({"commit": [1]})", ""};
  EXPECT_EQ(delivery_of(questions_of(pull()).resume({odd, odd})).changes.size(), 1u);
}

TEST(GithubPull, AsksForEveryPageOfFiles) {
  json::Array full(30, json::Object{{"filename", "x"}});
  const http::Reply page{200, json::write(full), ""};
  const auto second = questions_of(questions_of(pull()).resume({kMessage, page}));
  ASSERT_EQ(second.calls.size(), 1u);
  EXPECT_EQ(second.calls[0].url, "https://api.example/v3/repos/acme/mill/pulls/7/files?page=2");
  const auto third = questions_of(second.resume({page}));
  EXPECT_EQ(third.calls.at(0).url, "https://api.example/v3/repos/acme/mill/pulls/7/files?page=3");
  const auto delivery = delivery_of(third.resume({kFiles}));
  EXPECT_EQ(delivery.changes.at(0).files.size(), 63u);
  EXPECT_EQ(delivery.key.substr(0, 7), "github:");
}

TEST(GithubPull, LetsNoPayloadLeadTheTokenAstray) {
  EXPECT_NE(refusal_of(pull(with("acme/mill", "acme/../../user"))).find("full_name"), std::string::npos);
  const auto questions = questions_of(pull(with("0123abcd", "0?x=1#@evil")));
  EXPECT_EQ(questions.calls[0].url, "https://api.example/v3/repos/acme/mill/commits/0%3Fx%3D1%23%40evil");
}

TEST(GithubPull, NamesWhatIsMissingOrWrong) {
  EXPECT_NE(refusal_of(pull(with("\"commits\": 2,", ""))).find("pull_request.commits"), std::string::npos);
  EXPECT_NE(refusal_of(pull(with("\"sha\"", "\"hash\""))).find("pull_request.head.sha"), std::string::npos);
  EXPECT_NE(refusal_of(pull(with("\"number\": 7", "\"number\": \"../7\""))).find("'number'"),
            std::string::npos);
}

}  // namespace
}  // namespace headrace::changesource::hooks
