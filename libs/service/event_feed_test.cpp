// SPDX-License-Identifier: Apache-2.0
#include "service/event_feed.hpp"

#include <gtest/gtest.h>

#include "events/testing/numbered_event.hpp"
#include "service/delays.hpp"

namespace headrace::service {
namespace {

using events::numbered_event;

const MonoTime kStart{seconds{1000}};
using Numbers = std::vector<std::int64_t>;

Numbers taken(EventFeed& feed) {
  Numbers out;
  for (const auto& e : feed.take()) out.push_back(e.number.value);
  return out;
}

TEST(EventFeed, ReadsTheEventLogAtOnceAndBehindTheBusAfterSilence) {
  EventFeed feed(EventSource::bus, {});
  feed.start({EventNumber{1}, "a1"}, kStart);
  const auto first = feed.wants_read(kStart);
  ASSERT_TRUE(first);
  EXPECT_EQ(first->after.value, 1);
  EXPECT_EQ(first->block.count(), 0);
  EXPECT_FALSE(feed.wants_read(kStart)) << "one is under way";
  feed.on_read({numbered_event(2)}, kStart);
  EXPECT_EQ(taken(feed), Numbers{2});
  EXPECT_FALSE(feed.wants_read(kStart + 999ms));
  EXPECT_EQ(feed.next_look(), kStart + 1000ms);
  EXPECT_TRUE(feed.wants_read(kStart + 1000ms));
}

TEST(EventFeed, AFullReadIsFollowedByTheNextPart) {
  EventFeed feed(EventSource::bus, {});
  feed.start({}, kStart);
  feed.wants_read(kStart);
  std::vector<wire::Event> part;
  for (std::size_t n = 1; n <= EventFeed::kMaxRead; ++n)
    part.push_back(numbered_event(static_cast<std::int64_t>(n)));
  feed.on_read(std::move(part), kStart);
  EXPECT_EQ(taken(feed).size(), EventFeed::kMaxRead);
  const auto next = feed.wants_read(kStart);
  ASSERT_TRUE(next);
  EXPECT_EQ(next->after.value, static_cast<std::int64_t>(EventFeed::kMaxRead));
}

TEST(EventFeed, FollowsTheEventLogWithBlockingReads) {
  EventFeed feed(EventSource::event_log, {});
  feed.start({}, kStart);
  const auto read = feed.wants_read(kStart);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->block, kFollowLimit);
  feed.on_read({}, kStart + kFollowLimit);
  EXPECT_TRUE(feed.wants_read(kStart + kFollowLimit)) << "nothing came: again, at once";
  feed.on_read({numbered_event(1)}, kStart + 2s);
  EXPECT_EQ(taken(feed), Numbers{1});
  EXPECT_TRUE(feed.wants_read(kStart + 2s));
}

TEST(EventFeed, PausesAfterAReadThatBroughtOnlyEventsOfItsOwn) {
  EventFeed feed(EventSource::event_log, {});
  feed.start({}, kStart);
  feed.wants_read(kStart);
  feed.on_event(numbered_event(1), kStart);
  EXPECT_EQ(taken(feed), Numbers{1});
  feed.on_read({numbered_event(1)}, kStart);
  EXPECT_EQ(taken(feed), Numbers{});
  EXPECT_FALSE(feed.wants_read(kStart));
  EXPECT_EQ(feed.next_look(), kStart + kFollowPauseOwn);
  EXPECT_TRUE(feed.wants_read(kStart + kFollowPauseOwn));
}

TEST(EventFeed, WhatWasReadWaitsWhileABatchIsInFlight) {
  EventFeed feed(EventSource::event_log, {});
  feed.start({}, kStart);
  feed.wants_read(kStart);
  feed.hold(true, kStart);
  feed.on_read({numbered_event(1), numbered_event(2)}, kStart);
  EXPECT_EQ(taken(feed), Numbers{});
  EXPECT_FALSE(feed.wants_read(kStart)) << "no further read before that is given out";
  feed.on_event(numbered_event(1), kStart);  // the batch's own
  EXPECT_EQ(taken(feed), Numbers{1});
  feed.hold(false, kStart);
  EXPECT_EQ(taken(feed), Numbers{2});
}

TEST(EventFeed, NoticesAnEventLogThatWentBackAndAsksNoMore) {
  EventFeed feed(EventSource::event_log, {});
  feed.start({EventNumber{4}, "a4"}, kStart);
  feed.wants_read(kStart);
  feed.on_read({numbered_event(5, "b")}, kStart);
  EXPECT_TRUE(feed.broken());
  EXPECT_FALSE(feed.wants_read(kStart + 10s));
}

}  // namespace
}  // namespace headrace::service
