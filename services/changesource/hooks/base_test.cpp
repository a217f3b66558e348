// SPDX-License-Identifier: Apache-2.0
#include "changesource/hooks/hook_test.hpp"

namespace headrace::changesource::hooks {
namespace {

Outcome post_form(const std::string& body, const std::string& query = "") {
  return receive_post({"base", {{"Content-Type", "application/x-www-form-urlencoded"}}, body, {}, query});
}

TEST(BaseHook, ReadsEveryField) {
  const auto delivery = delivery_of(post_form(
      "author=Ann+%3Cann%40example.org%3E&committer=bob&comments=Fix+%C3%BC&revision=abc&branch=main"
      "&files=%5B%22src/a.c%22,%22b%22%5D&when_timestamp=1234567890.5&category=bug&revlink=http://r/abc"
      "&repository=http://r&project=p&codebase=c&properties=%7B%22n%22:2,%22s%22:%5B1%5D%7D"));
  ASSERT_EQ(delivery.changes.size(), 1u);
  const auto& change = delivery.changes[0];
  EXPECT_EQ(change.author, "Ann <ann@example.org>");
  EXPECT_EQ(change.committer, "bob");
  EXPECT_EQ(change.comments, "Fix ü");
  EXPECT_EQ(change.revision, "abc");
  EXPECT_EQ(change.branch, "main");
  EXPECT_EQ(change.files, (std::vector<std::string>{"src/a.c", "b"}));
  EXPECT_EQ(change.when_ms, 1'234'567'890'500);
  EXPECT_EQ(change.category, "bug");
  EXPECT_EQ(change.revlink, "http://r/abc");
  EXPECT_EQ(change.repository, "http://r");
  EXPECT_EQ(change.project, "p");
  EXPECT_EQ(change.codebase, "c");
  EXPECT_EQ(change.source, "base");
  EXPECT_EQ(values_of(change), (json::Object{{"n", 2}, {"s", json::Array{1}}}));
}

TEST(BaseHook, RefusesAFormOfManyFields) {
  std::string form = "author=ann&comments=c";
  for (int i = 0; i < 2'000'000; ++i) form += "&a";
  EXPECT_NE(refusal_of(post_form(form)).find("too many fields"), std::string::npos);
}

TEST(BaseHook, RefusesJsonOfManyValues) {
  std::string list = "[0";
  for (int i = 0; i < 400'000; ++i) list += ",0";
  EXPECT_NE(refusal_of(post_form("author=ann&comments=c&files=" + list + "]")).find("values"),
            std::string::npos);
}

TEST(BaseHook, LeavesTheRestUnset) {
  const auto change = delivery_of(post_form("who=ann&comments=")).changes.at(0);
  EXPECT_EQ(change.author, "ann");
  EXPECT_EQ(change.comments, "");
  EXPECT_EQ(change.revision, std::nullopt);
  EXPECT_EQ(change.branch, std::nullopt);
  EXPECT_EQ(change.category, std::nullopt);
  EXPECT_TRUE(change.files.empty());
  EXPECT_EQ(change.when_ms, to_ms(kNow));
}

TEST(BaseHook, TakesTheFirstValueAndTheBodyBeforeTheQuery) {
  const auto change =
      delivery_of(post_form("author=ann&author=bob&comments=body", "comments=query&branch=b&when=5"))
          .changes.at(0);
  EXPECT_EQ(change.author, "ann");
  EXPECT_EQ(change.comments, "body");
  EXPECT_EQ(change.branch, "b");
  EXPECT_EQ(change.when_ms, 5'000);
}

TEST(BaseHook, NamesTheFieldThatIsWrong) {
  const std::string good = "author=ann&comments=c";
  EXPECT_NE(refusal_of(post_form("")).find("author"), std::string::npos);
  EXPECT_NE(refusal_of(post_form("comments=c")).find("author"), std::string::npos);
  EXPECT_NE(refusal_of(post_form("author=ann")).find("comments"), std::string::npos);
  EXPECT_NE(refusal_of(post_form(good + "&when_timestamp=noon")).find("'noon'"), std::string::npos);
  EXPECT_NE(refusal_of(post_form(good + "&when_timestamp=1e99")).find("'1e99'"), std::string::npos);
  EXPECT_NE(refusal_of(post_form(good + "&files=a.c")).find("files"), std::string::npos);
  EXPECT_NE(refusal_of(post_form(good + "&files=%7B%7D")).find("files"), std::string::npos);
  EXPECT_NE(refusal_of(post_form(good + "&files=%5B1%5D")).find("files"), std::string::npos);
  EXPECT_NE(refusal_of(post_form(good + "&properties=%5B%5D")).find("properties"), std::string::npos);
  EXPECT_NE(refusal_of(post_form(good + "&properties=%7B%22a%22")).find("properties"), std::string::npos);
  EXPECT_NE(refusal_of(post_form("author=%ff&comments=c")).find("'author' is not UTF-8"), std::string::npos);
}

}  // namespace
}  // namespace headrace::changesource::hooks
