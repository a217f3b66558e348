// SPDX-License-Identifier: Apache-2.0
#include "notifier/core.hpp"

#include <gtest/gtest.h>

#include "notifier/reporters/http/answer.hpp"
#include "notifier/reporters/mail/answer.hpp"

namespace headrace::notifier {
namespace {

const MonoTime kStart{1'000'000ms};
const MonoTime kLater = kStart + Core::kLazy;

events::Cursor at(std::int64_t n) { return {EventNumber{n}, "t" + std::to_string(n)}; }
Message message(std::int64_t build) {
  Message m;
  m.key = "build-" + std::to_string(build) + "-mail";
  return m;
}

class CoreTest : public testing::Test {
 protected:
  CoreTest() : core(reporter(), at(10), kStart) {}
  static config::Reporter reporter() {
    config::Reporter r;
    r.kind = "mail";
    r.mode = {"failing"};
    return r;
  }
  Core core;
};

TEST_F(CoreTest, AMessageMovesTheCursorAtOnce) {
  core.on(at(11), {});
  EXPECT_FALSE(core.next(kStart));
  core.on(at(12), message(1));
  core.on(at(13), {});
  const auto batch = core.next(kStart);
  ASSERT_TRUE(batch);
  EXPECT_EQ(batch->from.value, 10);
  EXPECT_EQ(batch->to, at(13));
  ASSERT_EQ(batch->messages.size(), 1u);
  EXPECT_EQ(batch->messages[0].key, "build-1-mail");
}

TEST_F(CoreTest, OneBatchIsInFlightAtATime) {
  core.on(at(11), message(1));
  ASSERT_TRUE(core.next(kStart));
  core.on(at(12), message(2));
  EXPECT_FALSE(core.next(kLater));
  core.stored(kStart);
  const auto batch = core.next(kStart);
  ASSERT_TRUE(batch);
  EXPECT_EQ(batch->from.value, 11);
  EXPECT_EQ(batch->to, at(12));
  EXPECT_EQ(batch->messages[0].key, "build-2-mail");
}

TEST_F(CoreTest, ACursorAloneMovesSeldom) {
  core.on(at(15), {});
  EXPECT_FALSE(core.next(kLater - 1ms));
  const auto batch = core.next(kLater);
  ASSERT_TRUE(batch);
  EXPECT_EQ(batch->to, at(15));
  EXPECT_TRUE(batch->messages.empty());
  core.stored(kLater);
  EXPECT_FALSE(core.next(kLater + Core::kLazy)) << "nothing new";
}

TEST_F(CoreTest, WhatIsBehindTheCursorIsIgnored) {
  core.on(at(9), message(1));
  core.on(at(10), message(2));
  EXPECT_FALSE(core.next(kLater));
  BuildReport report;
  report.results = Results::failure;
  EXPECT_FALSE(core.wants(EventNumber{10}, report));
  EXPECT_TRUE(core.wants(EventNumber{11}, report));
  report.results = Results::success;
  EXPECT_FALSE(core.wants(EventNumber{11}, report));
}

TEST_F(CoreTest, ALongBacklogGoesInPieces) {
  const auto n = static_cast<std::int64_t>(Core::kMaxInBatch);
  for (std::int64_t i = 1; i <= n + 5; ++i) core.on(at(10 + i), message(i));
  core.on(at(10 + n + 9), {});
  auto batch = core.next(kStart);
  EXPECT_EQ(batch->messages.size(), Core::kMaxInBatch);
  EXPECT_EQ(batch->to, at(10 + n)) << "only as far as its messages";
  core.stored(kStart);
  batch = core.next(kStart);
  EXPECT_EQ(batch->messages.size(), 5u);
  EXPECT_EQ(batch->from.value, 10 + n);
  EXPECT_EQ(batch->to, at(10 + n + 9));
}

TEST(Delivery, BackOffDoublesUpToFiveMinutes) {
  EXPECT_EQ(backoff(1, 0.5), 1000ms);
  EXPECT_EQ(backoff(2, 0.5), 2000ms);
  EXPECT_EQ(backoff(7, 0.5), 64'000ms);
  EXPECT_EQ(backoff(20, 0.5), 300'000ms);
  EXPECT_EQ(backoff(1'000'000'000, 0.0), 240'000ms);
  EXPECT_EQ(backoff(1, 0.0), 800ms);
}

TEST(Delivery, HttpAnswersAreJudged) {
  const auto judge = [](int status, const std::string& error = "") {
    http::Reply r;
    r.status = status;
    r.error = error;
    return judge_http(r).verdict;
  };
  EXPECT_EQ(judge(200), Verdict::delivered);
  EXPECT_EQ(judge(204), Verdict::delivered);
  EXPECT_EQ(judge(302), Verdict::refused);
  EXPECT_EQ(judge(400), Verdict::refused);
  EXPECT_EQ(judge(404), Verdict::refused);
  EXPECT_EQ(judge(408), Verdict::away);
  EXPECT_EQ(judge(425), Verdict::away);
  EXPECT_EQ(judge(429), Verdict::away);
  EXPECT_EQ(judge(503), Verdict::away);
  EXPECT_EQ(judge(0, "127.0.0.1:1: refused"), Verdict::away);
  EXPECT_EQ(judge(200, "127.0.0.1:1: cut off"), Verdict::away);
  http::Reply busy;
  busy.status = 429;
  busy.body = "slow\r\ndown";
  busy.retry_after = seconds(7);
  EXPECT_EQ(judge_http(busy).retry_after, seconds(7));
  EXPECT_EQ(judge_http(busy).reason, "HTTP status 429: slow  down");
  busy.retry_after = seconds(1'000'000'000);
  EXPECT_EQ(judge_http(busy).retry_after, seconds(86400)) << "nobody is waited for for ever";
}

TEST(Delivery, SmtpAnswersAreJudged) {
  const auto judge = [](int status, const std::string& error) {
    http::Reply r;
    r.status = status;
    r.error = error;
    return judge_mail(r).verdict;
  };
  EXPECT_EQ(judge(250, ""), Verdict::delivered);
  EXPECT_EQ(judge(550, "no such user"), Verdict::hopeless);
  EXPECT_EQ(judge(552, "too large"), Verdict::hopeless);
  EXPECT_EQ(judge(451, "greylisted"), Verdict::refused);
  EXPECT_EQ(judge(421, "closing"), Verdict::away);
  EXPECT_EQ(judge(535, "login"), Verdict::away) << "the configuration can be put right";
  EXPECT_EQ(judge(0, "connection refused"), Verdict::away);
}

}  // namespace
}  // namespace headrace::notifier
