// SPDX-License-Identifier: Apache-2.0
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "changesource/hooks/hook_test.hpp"

namespace headrace::changesource::hooks {
namespace {

const Headers kPush = {{"X-GitHub-Event", "push"}, {"Content-Type", "application/json"}};

constexpr const char* kPayload = R"({
  "ref": "refs/heads/topic/one", "created": false, "deleted": false,
  "repository": {"name": "mill", "full_name": "acme/mill", "html_url": "https://git.example/acme/mill",
                 "owner": {"name": "acme"}},
  "pusher": {"name": "ann"},
  "commits": [
    {"id": "a1", "message": "first\n\nbody", "timestamp": "2009-02-14T01:31:30+02:00", "url": "https://git.example/c/a1",
     "distinct": false, "author": {"name": "Ann", "email": "ann@example.org"},
     "committer": {"name": "Bob", "email": "bob@example.org"}, "added": ["n.c"], "modified": ["m.c"], "removed": ["r.c"]},
    {"id": "b2", "message": "zweites ü", "timestamp": "2009-02-13T23:31:31Z", "url": "https://git.example/c/b2",
     "author": {"name": "Ann", "email": null}, "committer": {"name": "Bob", "email": "bob@example.org"}}],
  "head_commit": {"id": "b2", "message": "zweites ü", "timestamp": "2009-02-13T23:31:31Z", "url": "https://git.example/c/b2",
     "author": {"name": "Ann", "email": "ann@example.org"}, "committer": {"name": "Bob", "email": "bob@example.org"},
     "added": ["only.c"]}
})";

// The payload with one text replaced by another.
std::string with(const std::string& from, const std::string& to, std::string text = kPayload) {
  const auto at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return text.replace(at, from.size(), to);
}

Outcome push(const std::string& body, json::Object options = {}) {
  return receive_post({"github", kPush, body, std::move(options), ""});
}

std::string signature(const EVP_MD* hash, const std::string& secret, const std::string& body) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  HMAC(hash, secret.data(), static_cast<int>(secret.size()),
       reinterpret_cast<const unsigned char*>(body.data()), body.size(), digest, &size);
  std::string out;
  for (unsigned i = 0; i < size; ++i) {
    char pair[3];
    std::snprintf(pair, sizeof pair, "%02x", digest[i]);
    out += pair;
  }
  return out;
}

TEST(GithubHook, MakesEveryCommitAChange) {
  const auto changes = delivery_of(push(kPayload)).changes;
  ASSERT_EQ(changes.size(), 2u);
  EXPECT_EQ(changes[0].author, "Ann <ann@example.org>");
  EXPECT_EQ(changes[0].committer, "Bob <bob@example.org>");
  EXPECT_EQ(changes[0].comments, "first\n\nbody");
  EXPECT_EQ(changes[0].branch, "topic/one");
  EXPECT_EQ(changes[0].revision, "a1");
  EXPECT_EQ(changes[0].revlink, "https://git.example/c/a1");
  EXPECT_EQ(changes[0].files, (std::vector<std::string>{"n.c", "m.c", "r.c"}));
  EXPECT_EQ(changes[0].when_ms, 1'234'567'890'000);
  EXPECT_EQ(changes[0].category, std::nullopt);
  EXPECT_EQ(changes[0].project, "acme/mill");
  EXPECT_EQ(changes[0].repository, "https://git.example/acme/mill");
  EXPECT_EQ(changes[0].codebase, "");
  EXPECT_EQ(changes[0].source, "github");
  EXPECT_EQ(values_of(changes[0]), (json::Object{{"event", "push"}, {"github_distinct", false}}));
  EXPECT_EQ(changes[1].revision, "b2");
  EXPECT_EQ(changes[1].author, "Ann <None>");  // as Buildbot prints a null
  EXPECT_EQ(values_of(changes[1]), (json::Object{{"event", "push"}, {"github_distinct", true}}));
}

TEST(GithubHook, TakesTheHeadOfANewBranchOnly) {
  const auto changes = delivery_of(push(with("\"created\": false", "\"created\": true"))).changes;
  ASSERT_EQ(changes.size(), 1u);
  EXPECT_EQ(changes[0].files, std::vector<std::string>{"only.c"});
}

TEST(GithubHook, MarksTagsAndIgnoresOtherRefs) {
  const auto tag = delivery_of(push(with("refs/heads/topic/one", "refs/tags/v1"))).changes;
  EXPECT_EQ(tag.at(0).branch, "v1");
  EXPECT_EQ(tag.at(0).category, "tag");
  EXPECT_TRUE(delivery_of(push(with("refs/heads/topic/one", "refs/notes/x"))).changes.empty());
  EXPECT_TRUE(delivery_of(push(with("refs/heads/topic/one", "refs/heads/"))).changes.empty());
  const auto deleted = with("\"deleted\": false", "\"deleted\": true");
  EXPECT_TRUE(delivery_of(push(deleted)).changes.empty());
}

TEST(GithubHook, ReadsFormsAndTypesWithParameters) {
  const Post form{
      "github",
      {{"X-GitHub-Event", "push"}, {"Content-Type", "application/x-www-form-urlencoded"}},
      "payload=" + std::string("%7B%22ref%22:%22refs/notes/x%22,%22repository%22:%7B%22html_url%22:%22h%22,"
                               "%22full_name%22:%22a/b%22%7D%7D"),
      {},
      ""};
  EXPECT_TRUE(delivery_of(receive_post(form)).changes.empty());
  const Post json{"github",
                  {{"X-GitHub-Event", "push"}, {"Content-Type", "application/JSON; charset=utf-8"}},
                  kPayload,
                  {},
                  ""};
  EXPECT_EQ(delivery_of(receive_post(json)).changes.size(), 2u);
  const Post other{"github", {{"X-GitHub-Event", "push"}, {"Content-Type", "text/plain"}}, kPayload, {}, ""};
  EXPECT_EQ(refusal_of(receive_post(other)), "Unknown content type: text/plain");
  const Post empty{"github",
                   {{"X-GitHub-Event", "push"}, {"Content-Type", "application/x-www-form-urlencoded"}},
                   "a=b",
                   {},
                   ""};
  EXPECT_NE(refusal_of(receive_post(empty)).find("'payload'"), std::string::npos);
}

TEST(GithubHook, SkipsAPushWhoseHeadAsksForIt) {
  const auto body = with("\"head_commit\": {\"id\": \"b2\", \"message\": \"zweites ü\"",
                         "\"head_commit\": {\"id\": \"b2\", \"message\": \"x [ skip  ci]\"");
  EXPECT_TRUE(delivery_of(push(body)).changes.empty());
  EXPECT_EQ(delivery_of(push(body, {{"skips", json::Array{"^never$"}}})).changes.size(), 2u);
  EXPECT_EQ(delivery_of(push(body, {{"skips", json::Array{}}})).changes.size(), 2u);
  EXPECT_TRUE(delivery_of(push(kPayload, {{"skips", json::Array{"nothing", "zwei.es ü$"}}})).changes.empty());
}

TEST(GithubHook, DoesNotHangOnAnEvilPattern) {
  const auto body =
      with("\"head_commit\": {\"id\": \"b2\", \"message\": \"zweites ü\"",
           "\"head_commit\": {\"id\": \"b2\", \"message\": \"" + std::string(5'000, 'a') + "\"");
  EXPECT_EQ(delivery_of(push(body, {{"skips", json::Array{"(a+)+[bc]"}}})).changes.size(), 2u);
}

TEST(GithubHook, CopiesWhitelistedPropertiesAndTheCodebase) {
  const auto changes =
      delivery_of(
          push(kPayload, {{"codebase", "mill"},
                          {"github_property_whitelist",
                           json::Array{"github.repository.*name", "github.re?", "github.[!c]elete?"}}}))
          .changes;
  EXPECT_EQ(changes.at(1).codebase, "mill");
  EXPECT_EQ(values_of(changes[1]), (json::Object{{"event", "push"},
                                                 {"github_distinct", true},
                                                 {"github.ref", "refs/heads/topic/one"},
                                                 {"github.deleted", false},
                                                 {"github.repository.name", "mill"},
                                                 {"github.repository.full_name", "acme/mill"},
                                                 {"github.repository.owner.name", "acme"}}));
}

TEST(GithubHook, IgnoresPingAndRefusesUnknownEvents) {
  const auto event = [](const Headers& headers) { return receive_post({"github", headers, "{}", {}, ""}); };
  const std::pair<std::string, std::string> json = {"Content-Type", "application/json"};
  EXPECT_TRUE(delivery_of(event({{"X-GitHub-Event", "ping"}, json})).changes.empty());
  EXPECT_EQ(refusal_of(event({{"X-GitHub-Event", "issues"}, json})), "Unknown event: issues");
  EXPECT_NE(refusal_of(event({json})).find("X-GitHub-Event"), std::string::npos);
}

class GithubSignature : public ::testing::Test {
 protected:
  Outcome signed_with(Headers signatures, bool strict = true) {
    signatures.insert(signatures.end(), kPush.begin(), kPush.end());
    return receive_post({"github", signatures, kPayload, {{"secret", "s3cret"}, {"strict", strict}}, ""});
  }
  const std::string sha1_ = signature(EVP_sha1(), "s3cret", kPayload);
  const std::string sha256_ = signature(EVP_sha256(), "s3cret", kPayload);
};

TEST_F(GithubSignature, AcceptsBothHashes) {
  EXPECT_EQ(delivery_of(signed_with({{"X-Hub-Signature", "sha1=" + sha1_}})).changes.size(), 2u);
  EXPECT_EQ(delivery_of(signed_with({{"X-Hub-Signature-256", "sha256=" + sha256_}})).changes.size(), 2u);
  EXPECT_EQ(delivery_of(signed_with({{"X-Hub-Signature-256", "sha256=" + sha256_},
                                     {"X-Hub-Signature", "sha1=" + sha1_}}))
                .changes.size(),
            2u);
}

TEST_F(GithubSignature, RefusesWhatDoesNotHold) {
  std::string other = sha256_;
  other.back() = other.back() == '0' ? '1' : '0';
  EXPECT_EQ(refusal_of(signed_with({{"X-Hub-Signature-256", "sha256=" + other}})), "Hash mismatch");
  EXPECT_EQ(refusal_of(signed_with({{"X-Hub-Signature-256", "sha256=" + sha256_.substr(1)}})),
            "Hash mismatch");
  EXPECT_EQ(refusal_of(signed_with({{"X-Hub-Signature-256", "sha256="}})), "Hash mismatch");
  // A weak signature does not make up for a wrong strong one, nor the other way round.
  EXPECT_EQ(refusal_of(signed_with(
                {{"X-Hub-Signature-256", "sha256=" + other}, {"X-Hub-Signature", "sha1=" + sha1_}})),
            "Hash mismatch");
  EXPECT_EQ(
      refusal_of(signed_with({{"X-Hub-Signature-256", "sha256=" + sha256_}, {"X-Hub-Signature", "sha1=00"}})),
      "Hash mismatch");
  EXPECT_EQ(refusal_of(signed_with({{"X-Hub-Signature", "md5=" + sha1_}})), "Unknown hash type: md5");
  EXPECT_EQ(refusal_of(signed_with({{"X-Hub-Signature-256", "sha1=" + sha1_}})), "Unknown hash type: sha1");
  EXPECT_EQ(refusal_of(signed_with({{"X-Hub-Signature", "sha1"}})), "Wrong signature format: sha1");
  EXPECT_EQ(refusal_of(signed_with({{"X-Hub-Signature", "a=b=c"}})), "Wrong signature format: a=b=c");
}

TEST_F(GithubSignature, NeedsOneOnlyWhenStrict) {
  EXPECT_EQ(refusal_of(signed_with({})), "Request has no required signature");
  EXPECT_EQ(delivery_of(signed_with({}, false)).changes.size(), 2u);
  EXPECT_EQ(refusal_of(signed_with({{"X-Hub-Signature", "sha1=00"}}, false)), "Hash mismatch");
}

TEST(GithubHook, RefusesEveryPrefixOfAPayload) {
  const std::string payload = kPayload;
  for (std::size_t size = 0; size < payload.size(); ++size) {
    ASSERT_FALSE(std::holds_alternative<Delivery>(push(payload.substr(0, size)))) << size;
  }
  EXPECT_NE(refusal_of(push("")).find("JSON"), std::string::npos);
}

TEST(GithubHook, NamesWhatIsMissingOrWrong) {
  EXPECT_NE(refusal_of(push("[]")).find("repository.html_url"), std::string::npos);
  EXPECT_NE(refusal_of(push("null")).find("repository.html_url"), std::string::npos);
  EXPECT_NE(
      refusal_of(
          push(with("\"id\": \"b2\", \"message\": \"zweites ü\", \"timestamp\": \"2009-02-13T23:31:31Z\"",
                    "\"id\": \"b2\", \"message\": \"zweites ü\", \"timestamp\": \"noon\"")))
          .find("'noon'"),
      std::string::npos);
  EXPECT_NE(refusal_of(push(with("\"a1\"", "17"))).find("'id' is a text, not 17"), std::string::npos);
  EXPECT_NE(refusal_of(push(with("[\"n.c\"]", "[3]"))).find("'added'"), std::string::npos);
  EXPECT_NE(refusal_of(push(with("\"refs/heads/topic/one\"", "{}"))).find("'ref'"), std::string::npos);
  EXPECT_NE(refusal_of(push(with("\"commits\"", "\"commit\""))).find("commits"), std::string::npos);
  EXPECT_NE(
      refusal_of(push(with("\"head_commit\": {", "\"head_commit\": null, \"x\": {"))).find("head_commit"),
      std::string::npos);
}

TEST(GithubHook, RefusesWhatNoJsonMayHold) {
  refusal_of(push(with("\"ann\"", "123456789012345678901234567890")));
  refusal_of(push(with("\"ann\"", "1e999")));
  refusal_of(push(with("\"ann\"", "\"\xff\xfe\"")));
  refusal_of(push(with("\"ann\"", "\"\\ud800\"")));
  refusal_of(push(with("\"ann\"", "NaN")));
  refusal_of(push(with("\"ann\"", std::string(5'000, '['))));
}

}  // namespace
}  // namespace headrace::changesource::hooks
