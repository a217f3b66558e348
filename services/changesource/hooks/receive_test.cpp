// SPDX-License-Identifier: Apache-2.0
#include "changesource/hooks/hook_test.hpp"

namespace headrace::changesource::hooks {
namespace {

const std::vector<config::Hook> kBaseOnly = {config::Hook{"base", {}, ""}};

http::Request form(const std::string& path, const std::string& method = "POST") {
  http::Request request;
  request.method = method;
  request.target = request.path = path;
  (method == "GET" ? request.query : request.headers) = {};
  const std::string fields = "author=ann&comments=c";
  if (method == "GET") {
    request.query = http::parse_form(fields);
  } else {
    request.body = fields;
  }
  return request;
}

TEST(Receive, FindsTheDialectInThePath) {
  for (const char* path : {"/change_hook", "/change_hook/", "/change_hook/base", "/change_hook/base/more"}) {
    EXPECT_EQ(delivery_of(receive(form(path), kBaseOnly, kNow)).changes.size(), 1u) << path;
  }
  EXPECT_EQ(delivery_of(receive(form("/change_hook", "GET"), kBaseOnly, kNow)).changes.size(), 1u);
  EXPECT_TRUE(is_hook_path("/change_hook/x"));
  EXPECT_FALSE(is_hook_path("/api/v2/change_hook"));
}

TEST(Receive, NamesTheDialectThatIsNotConfigured) {
  EXPECT_EQ(refusal_of(receive(form("/change_hook/github"), kBaseOnly, kNow)),
            "The dialect specified, 'github', wasn't whitelisted in change_hook");
  EXPECT_NE(refusal_of(receive(form("/change_hook/nonsense"), kBaseOnly, kNow)).find("'nonsense'"),
            std::string::npos);
  EXPECT_NE(refusal_of(receive(form("/change_hook"), {}, kNow)).find("'base'"), std::string::npos);
  refusal_of(receive(form("/other"), kBaseOnly, kNow));
  refusal_of(receive(form("/change_hook", "PUT"), kBaseOnly, kNow));
}

TEST(Receive, GivesRepeatsOfADeliveryOneKey) {
  Post post{"base", {{"Idempotency-Key", "k1"}}, "author=ann&comments=c", {}, ""};
  const std::string first = delivery_of(receive_post(post)).key;
  EXPECT_NE(first, "");
  EXPECT_EQ(delivery_of(receive_post(post)).key, first);
  post.body = "author=ann&comments=d";
  EXPECT_NE(delivery_of(receive_post(post)).key, first);
  post.body = "author=ann&comments=c";
  post.headers = {{"Idempotency-Key", "k2"}};
  EXPECT_NE(delivery_of(receive_post(post)).key, first);
  post.headers = {};  // two equal posts of a person are two changes
  EXPECT_EQ(delivery_of(receive_post(post)).key, "");
}

TEST(Receive, KnowsTheDeliveryIdsOfTheForges) {
  const Post github{
      "github",
      {{"x-github-delivery", "d1"}, {"X-GitHub-Event", "ping"}, {"Content-Type", "application/json"}},
      "{}",
      {},
      ""};
  EXPECT_EQ(delivery_of(receive_post(github)).key.substr(0, 7), "github:");
  const Post gitlab{"gitlab", {{"X-Gitlab-Event-UUID", "d1"}}, "{\"object_kind\": \"issue\"}", {}, ""};
  EXPECT_EQ(delivery_of(receive_post(gitlab)).key.substr(0, 7), "gitlab:");
}

TEST(Receive, FindsMistakesInTheOptions) {
  const auto problem = [](const char* dialect, json::Object options) {
    return problem_of(config::Hook{dialect, std::move(options), ""}).value_or("");
  };
  EXPECT_EQ(problem("github", {}), "");
  EXPECT_EQ(
      problem("github", {{"secret", "s"}, {"strict", true}, {"skips", json::Array{"x"}}, {"token", "t"}}),
      "");
  EXPECT_NE(problem("github", {{"strict", true}}).find("secret"), std::string::npos);
  EXPECT_NE(problem("github", {{"strict", "yes"}}).find("\"yes\""), std::string::npos);
  EXPECT_NE(problem("github", {{"sekret", "s"}}).find("'sekret'"), std::string::npos);
  EXPECT_NE(problem("github", {{"skips", json::Array{"("}}}).find("'('"), std::string::npos);
  EXPECT_NE(problem("github", {{"pullrequest_ref", "base"}}).find("base"), std::string::npos);
  EXPECT_NE(problem("github", {{"github_api_endpoint", "file:///"}}).find("file:"), std::string::npos);
  EXPECT_EQ(problem("gitlab", {{"secret", "s"}}), "");
  EXPECT_NE(problem("gitlab", {{"secret", 5}}), "");
  EXPECT_NE(problem("gitlab", {{"strict", true}}).find("'strict'"), std::string::npos);
  EXPECT_NE(problem("base", {{"secret", "s"}}), "");
  EXPECT_NE(problem("cvs", {}).find("hook.cvs"), std::string::npos);
}

TEST(Receive, CountsChangesInBuildbotsWords) {
  Delivery delivery;
  EXPECT_EQ(answer_text(delivery), "no change found");
  delivery.changes.resize(2);
  EXPECT_EQ(answer_text(delivery), "2 change found");
}

}  // namespace
}  // namespace headrace::changesource::hooks
