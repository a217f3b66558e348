// SPDX-License-Identifier: Apache-2.0
// A hook that is not what it should be is refused with its reason, makes no change, and harms no later one.
#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "support/headrace_up.hpp"

namespace headrace::test {
namespace {

const std::string kSecret = "between the forge and us";

const std::string kConfig = R"(
worker.embedded "local" {}
hook.base {}
hook.github { secret = ")" + kSecret +
                            R"(", strict = true }
builder "b" { workers = { "local" }, steps = { step.shell "say" { command = "echo built" } } }
scheduler.branch "main" { branch = "main", builders = { "b" } }
)";

const std::string kPush = R"({
  "ref": "refs/heads/main", "created": false, "deleted": false,
  "repository": { "full_name": "acme/demo", "html_url": "https://github.example.org/acme/demo" },
  "head_commit": { "message": "a change" },
  "commits": [ { "id": "4711", "message": "a change", "timestamp": "2024-03-01T12:00:00Z", "url": "https://github.example.org/c/4711",
    "author": { "name": "Ann", "email": "ann@example.org" }, "committer": { "name": "Ann", "email": "ann@example.org" },
    "added": [], "modified": [ "a.c" ], "removed": [] } ] })";

std::string signature(const std::string& body, const std::string& secret) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  HMAC(EVP_sha256(), secret.data(), static_cast<int>(secret.size()),
       reinterpret_cast<const unsigned char*>(body.data()), body.size(), digest, &size);
  std::string out = "sha256=";
  for (unsigned i = 0; i < size; ++i)
    out += "0123456789abcdef"[digest[i] >> 4], out += "0123456789abcdef"[digest[i] & 15];
  return out;
}

// A push as GitHub sends it. Throws when there is no answer: a connection that hangs is what must not be.
http::Reply push(const HeadraceUp& up, const std::string& body, const std::string& signed_as,
                 const std::string& dialect = "github") {
  http::Call call;
  call.method = "POST";
  call.url = up.intake() + "/change_hook/" + dialect;
  call.headers = {
      {"Content-Type", "application/json"}, {"X-GitHub-Event", "push"}, {"X-Hub-Signature-256", signed_as}};
  call.body = body;
  call.timeout = milliseconds{10'000};
  auto reply = http::call_and_wait(call);
  if (reply.status == 0)
    throw std::runtime_error("no answer to a hook of " + std::to_string(body.size()) +
                             " bytes: " + reply.error);
  return reply;
}

std::string metrics(const HeadraceUp& up) {
  http::Call call;
  call.url = up.intake() + "/metrics";
  return http::call_and_wait(call).body;
}

void expect_refused(const http::Reply& reply, int status, const std::string& words) {
  EXPECT_EQ(reply.status, status) << reply.body;
  EXPECT_NE(reply.body.find(words), std::string::npos) << reply.body;
}

TEST(BadRequests, EachIsRefusedWithItsReasonAndTheNextGoodOneIsBuilt) {
  HeadraceUp up(kConfig);
  up.start();

  const auto broken = kPush.substr(0, kPush.size() / 2);
  expect_refused(push(up, broken, signature(broken, kSecret)), 400, "JSON");
  expect_refused(push(up, "", signature("", kSecret)), 400, "JSON");
  expect_refused(push(up, "[1, 2]", signature("[1, 2]", kSecret)), 400,
                 "the payload has no 'repository.html_url'");

  // Who does not know the secret learns nothing about what the body lacks.
  expect_refused(push(up, broken, signature(broken, "another secret")), 400, "Hash mismatch");
  expect_refused(push(up, kPush, signature(kPush, "another secret")), 400, "Hash mismatch");
  expect_refused(push(up, kPush + " ", signature(kPush, kSecret)), 400, "Hash mismatch");
  expect_refused(push(up, kPush, "sha256"), 400, "Wrong signature format: sha256");
  expect_refused(push(up, kPush, "md5=00"), 400, "Unknown hash type: md5");
  expect_refused(push(up, kPush, ""), 400, "Request has no required signature");

  expect_refused(push(up, kPush, signature(kPush, kSecret), "nobody"), 400, "'nobody', wasn't whitelisted");
  expect_refused(push(up, kPush, signature(kPush, kSecret), "gitlab"), 400, "'gitlab', wasn't whitelisted");
  expect_refused(
      up.post(up.intake() + "/change_hook/base", "author=ann", "application/x-www-form-urlencoded"), 400,
      "'comments' is missing");
  expect_refused(up.post(up.intake() + "/elsewhere", kPush), 404, "/elsewhere");
  EXPECT_NE(metrics(up).find("headrace_hooks_refused_total 12\n"), std::string::npos) << metrics(up);

  // Changes come out in the order in which they were committed: had one of the above been taken, it would
  // stand before this one.
  EXPECT_EQ(push(up, kPush, signature(kPush, kSecret)).status, 200);
  EXPECT_EQ(up.wait_build("b", 1)["results"].int_or(-1), 0) << up.everything_said();
  const auto changes = up.rest("/changes")["changes"].as_array();
  ASSERT_EQ(changes.size(), 1u);
  EXPECT_EQ(changes[0]["revision"].string_or(""), "4711");
  EXPECT_EQ(up.wait_builds(1).size(), 1u);
  EXPECT_EQ(up.stop(), 0);
}

TEST(BadRequests, ABodyOfTwentyMegabytesIsRefusedAtOnce) {
  HeadraceUp up(kConfig);
  up.start();
  auto large = kPush;
  large.insert(large.size() - 1, ", \"more\": \"" + std::string(20'000'000, 'x') + "\"");
  const auto began = std::chrono::steady_clock::now();
  expect_refused(push(up, large, signature(large, kSecret)), 413,
                 "the body is larger than this server takes");
  EXPECT_LT(std::chrono::steady_clock::now() - began, 5s);

  EXPECT_EQ(push(up, kPush, signature(kPush, kSecret)).status, 200);
  EXPECT_EQ(up.wait_build("b", 1)["results"].int_or(-1), 0) << up.everything_said();
  EXPECT_EQ(up.rest("/changes")["changes"].as_array().size(), 1u);
  EXPECT_EQ(up.stop(), 0);
}

}  // namespace
}  // namespace headrace::test
