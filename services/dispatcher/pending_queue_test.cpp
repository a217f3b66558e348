// SPDX-License-Identifier: Apache-2.0
#include "dispatcher/pending_queue.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace headrace::dispatcher {
namespace {

const MonoTime kNow{1'000'000ms};

OpenRequest request(std::int64_t id, const std::string& builder, std::int64_t priority = 0,
                    std::int64_t submitted_ms = 0) {
  return {RequestId{id}, builder, priority, submitted_ms, nullptr};
}

// Gives the ids of a builder's pending requests, in the order in which they would be offered.
std::vector<std::int64_t> order(PendingQueue queue, const std::string& builder) {
  std::vector<std::int64_t> out;
  while (const auto id = queue.next_of_builder(builder, kNow)) {
    out.push_back(id->value);
    queue.take(*id);
  }
  return out;
}

// Gives the builders in the order in which their first requests compete.
std::vector<std::string> builders(const PendingQueue& queue) {
  auto heads = queue.heads(kNow);
  std::sort(heads.begin(), heads.end());
  std::vector<std::string> out;
  for (const auto& head : heads) out.push_back(head.builder);
  return out;
}

TEST(PendingQueue, OffersByPriorityThenById) {
  PendingQueue queue;
  queue.add(request(3, "a"), true);
  queue.add(request(5, "a", 10), true);
  queue.add(request(1, "a", -1), true);
  queue.add(request(2, "a"), true);
  queue.add(request(4, "a", 10), true);
  queue.add(request(6, "other", 99), true);
  EXPECT_EQ(order(queue, "a"), (std::vector<std::int64_t>{4, 5, 2, 3, 1}));
  EXPECT_EQ(order(queue, "b"), std::vector<std::int64_t>{});
}

TEST(PendingQueue, BuildersComeByTheirHighestPriorityThenTheOldestThenTheName) {
  PendingQueue queue;
  queue.add(request(1, "z-old", 0, 100), true);
  queue.add(request(2, "same-b", 0, 200), true);
  queue.add(request(3, "same-a", 0, 200), true);
  queue.add(request(4, "urgent", 0, 900), true);
  queue.add(request(5, "urgent", 5, 950), true);
  queue.add(request(6, "lazy", -1, 1), true);
  queue.add(request(7, "busy", 50, 1), false);
  EXPECT_EQ(builders(queue), (std::vector<std::string>{"urgent", "z-old", "same-a", "same-b", "lazy"}));
  queue.take(RequestId{5});
  EXPECT_EQ(builders(queue), (std::vector<std::string>{"z-old", "same-a", "same-b", "urgent", "lazy"}));
}

TEST(PendingQueue, WhatIsTakenIsKnownButNotPending) {
  PendingQueue queue;
  queue.add(request(1, "a", 3, 77), true);
  EXPECT_TRUE(queue.is_pending(RequestId{1}));
  queue.take(RequestId{1});
  EXPECT_FALSE(queue.is_pending(RequestId{1}));
  EXPECT_EQ(queue.next_of_builder("a", kNow), std::nullopt);
  EXPECT_EQ(builders(queue), std::vector<std::string>{});
  EXPECT_EQ(queue.pending_count(), 0u);
  EXPECT_EQ(queue.open_count(), 1u);
  ASSERT_NE(queue.find(RequestId{1}), nullptr);
  EXPECT_EQ(queue.find(RequestId{1})->submitted_ms, 77);
  queue.take(RequestId{1});
  EXPECT_EQ(queue.pending_count(), 0u) << "taken twice counts once";
}

TEST(PendingQueue, GoesBackToItsPlace) {
  PendingQueue queue;
  for (const int id : {1, 2, 3}) queue.add(request(id, "a"), true);
  queue.take(RequestId{2});
  queue.take(RequestId{1});
  queue.make_pending(RequestId{1});
  queue.make_pending(RequestId{1});
  EXPECT_EQ(order(queue, "a"), (std::vector<std::int64_t>{1, 3}));
  EXPECT_EQ(queue.pending_count(), 2u);
  queue.make_pending(RequestId{2});
  EXPECT_EQ(order(queue, "a"), (std::vector<std::int64_t>{1, 2, 3}));
  queue.make_pending(RequestId{9});
  EXPECT_EQ(queue.pending_count(), 3u) << "unknown requests are ignored";
}

TEST(PendingQueue, WhatIsRemovedIsForgotten) {
  PendingQueue queue;
  queue.add(request(1, "a"), true);
  queue.add(request(2, "a"), false);
  queue.delay(RequestId{1}, kNow + 1s);
  queue.remove(RequestId{1});
  queue.remove(RequestId{2});
  queue.remove(RequestId{3});
  queue.make_pending(RequestId{1});
  EXPECT_EQ(queue.find(RequestId{1}), nullptr);
  EXPECT_EQ(queue.find(RequestId{2}), nullptr);
  EXPECT_EQ(queue.open_count(), 0u);
  EXPECT_EQ(queue.pending_count(), 0u);
  EXPECT_EQ(queue.next_delay(), std::nullopt);
}

TEST(PendingQueue, ADelayedRequestLetsTheOthersPass) {
  PendingQueue queue;
  queue.add(request(1, "a", 9), true);
  queue.add(request(2, "a"), true);
  queue.delay(RequestId{1}, kNow + 200ms);
  EXPECT_EQ(queue.next_of_builder("a", kNow), RequestId{2});
  EXPECT_EQ(queue.next_of_builder("a", kNow + 199ms), RequestId{2});
  EXPECT_EQ(queue.next_of_builder("a", kNow + 200ms), RequestId{1});
  EXPECT_TRUE(queue.is_pending(RequestId{1}));
  EXPECT_EQ(queue.pending_count(), 2u);
}

TEST(PendingQueue, TheNextDelayIsTheEarliest) {
  PendingQueue queue;
  for (const int id : {1, 2, 3}) queue.add(request(id, "a"), true);
  EXPECT_EQ(queue.next_delay(), std::nullopt);
  queue.delay(RequestId{1}, kNow + 3s);
  queue.delay(RequestId{2}, kNow + 1s);
  queue.delay(RequestId{3}, kNow + 2s);
  EXPECT_EQ(queue.next_delay(), kNow + 1s);
  queue.take(RequestId{2});
  EXPECT_EQ(queue.next_delay(), kNow + 2s) << "a request that is taken waits for nothing";
  queue.make_pending(RequestId{2});
  EXPECT_EQ(queue.next_of_builder("a", kNow), RequestId{2}) << "nor is it delayed when it comes back";
}

TEST(PendingQueue, ARequestThatIsAddedTwiceIsThereOnce) {
  PendingQueue queue;
  queue.add(request(1, "a"), true);
  queue.add(request(1, "a"), true);
  EXPECT_EQ(queue.open_count(), 1u);
  EXPECT_EQ(queue.pending_count(), 1u);
  EXPECT_EQ(order(queue, "a"), std::vector<std::int64_t>{1});
}

TEST(PendingQueue, AddingAgainReplacesPlaceBuilderAndState) {
  PendingQueue queue;
  queue.add(request(1, "a"), true);
  queue.add(request(2, "a"), true);
  queue.add(request(2, "a", 5), true);
  EXPECT_EQ(order(queue, "a"), (std::vector<std::int64_t>{2, 1}));
  queue.add(request(2, "b"), true);
  EXPECT_EQ(order(queue, "a"), std::vector<std::int64_t>{1});
  EXPECT_EQ(order(queue, "b"), std::vector<std::int64_t>{2});
  queue.add(request(2, "b"), false);
  EXPECT_EQ(order(queue, "b"), std::vector<std::int64_t>{});
  EXPECT_EQ(queue.pending_count(), 1u);
}

}  // namespace
}  // namespace headrace::dispatcher
