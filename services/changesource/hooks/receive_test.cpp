// SPDX-License-Identifier: Apache-2.0
#include "changesource/hooks/hook_test.hpp"

namespace headrace::changesource::hooks {
namespace {

const Hooks kBaseOnly({config::Hook{"base", {}, ""}});

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
    EXPECT_EQ(delivery_of(kBaseOnly.receive(form(path), kNow)).changes.size(), 1u) << path;
  }
  EXPECT_EQ(delivery_of(kBaseOnly.receive(form("/change_hook", "GET"), kNow)).changes.size(), 1u);
  EXPECT_TRUE(is_hook_path("/change_hook/x"));
  EXPECT_FALSE(is_hook_path("/api/v2/change_hook"));
}

TEST(Receive, NamesTheDialectThatIsNotConfigured) {
  EXPECT_EQ(refusal_of(kBaseOnly.receive(form("/change_hook/github"), kNow)),
            "The dialect specified, 'github', wasn't whitelisted in change_hook");
  EXPECT_NE(refusal_of(kBaseOnly.receive(form("/change_hook/nonsense"), kNow)).find("'nonsense'"),
            std::string::npos);
  EXPECT_NE(refusal_of(Hooks().receive(form("/change_hook"), kNow)).find("'base'"), std::string::npos);
  refusal_of(kBaseOnly.receive(form("/other"), kNow));
  refusal_of(kBaseOnly.receive(form("/change_hook", "PUT"), kNow));
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

TEST(Receive, RefusesWhatAnOptionDoesNotAllowToRead) {
  const Post post{"github", {}, "{}", {{"skips", json::Array{"("}}}, ""};
  const auto outcome = receive_post(post);
  const auto* refusal = std::get_if<Refusal>(&outcome);
  ASSERT_TRUE(refusal);
  EXPECT_EQ(refusal->status, 500);
  EXPECT_EQ(refusal->text.find("hook.github: option 'skips': "), 0u) << refusal->text;
}

TEST(Receive, CountsChangesInBuildbotsWords) {
  Delivery delivery;
  EXPECT_EQ(answer_text(delivery), "no change found");
  delivery.changes.resize(2);
  EXPECT_EQ(answer_text(delivery), "2 change found");
}

}  // namespace
}  // namespace headrace::changesource::hooks
