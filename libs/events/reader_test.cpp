// SPDX-License-Identifier: Apache-2.0
#include "events/reader.hpp"

#include <gtest/gtest.h>

#include <random>

#include "events/testing/numbered_event.hpp"

namespace headrace::events {
namespace {

std::vector<std::int64_t> numbers(const std::vector<wire::Event>& list) {
  std::vector<std::int64_t> out;
  for (const auto& e : list) out.push_back(e.number.value);
  return out;
}
using Numbers = std::vector<std::int64_t>;
const MonoTime kStart{milliseconds{1000}};

}  // namespace

TEST(Reader, GivesOutTheNextAndIgnoresTheOld) {
  Reader r({}, kStart);
  EXPECT_EQ(numbers(r.on_event(numbered_event(1), kStart)), Numbers{1});
  EXPECT_EQ(numbers(r.on_event(numbered_event(1), kStart)), Numbers{});
  EXPECT_EQ(numbers(r.on_event(numbered_event(2), kStart)), Numbers{2});
}

TEST(Reader, HoldsAHigherOneAndAsksForTheHoleAfterAWhile) {
  Reader r({}, kStart);
  EXPECT_TRUE(r.on_event(numbered_event(3), kStart).empty());
  EXPECT_FALSE(r.wants_fetch(kStart + 19ms));
  EXPECT_TRUE(r.wants_fetch(kStart + 20ms));
  EXPECT_FALSE(r.wants_fetch(kStart + 25ms));
  EXPECT_EQ(numbers(r.on_fetched({numbered_event(1), numbered_event(2), numbered_event(3), numbered_event(4)},
                                 kStart + 26ms)),
            (Numbers{1, 2, 3, 4}));
}

TEST(Reader, AHoleThatIsFilledIsNotAskedFor) {
  Reader r({}, kStart);
  r.on_event(numbered_event(2), kStart);
  EXPECT_EQ(numbers(r.on_event(numbered_event(1), kStart + 5ms)), (Numbers{1, 2}));
  EXPECT_FALSE(r.wants_fetch(kStart + 30ms));
}

TEST(Reader, LooksAtTheLogAfterSilence) {
  Reader r({}, kStart);
  EXPECT_FALSE(r.wants_fetch(kStart + 999ms));
  EXPECT_TRUE(r.wants_fetch(kStart + 1000ms));
  EXPECT_TRUE(r.on_fetched({}, kStart + 1001ms).empty());
  EXPECT_FALSE(r.wants_fetch(kStart + 1500ms));
}

TEST(Reader, NoticesThatTheLogWentBack) {
  Reader r({EventNumber{5}, "a5"}, kStart);
  r.on_event(numbered_event(6, "b"), kStart);
  EXPECT_TRUE(r.broken());
  Reader same({EventNumber{5}, "a5"}, kStart);
  same.on_event(numbered_event(5, "b"), kStart);
  EXPECT_TRUE(same.broken());
  Reader trimmed({EventNumber{5}, "a5"}, kStart);
  trimmed.on_fetched({numbered_event(9)}, kStart);
  EXPECT_TRUE(trimmed.broken());
}

TEST(Reader, GivesOutEveryEventOnceWhateverTheBusDoes) {
  for (unsigned seed = 0; seed < 200; ++seed) {
    std::mt19937 random(seed);
    const int total = 200;
    std::vector<wire::Event> log;
    for (int i = 1; i <= total; ++i) log.push_back(numbered_event(i));
    std::vector<wire::Event> bus;
    for (const auto& e : log)
      for (unsigned copies = random() % 3; copies > 0; --copies) bus.push_back(e);  // lost, once, doubled
    for (std::size_t i = 0; i + 1 < bus.size(); ++i)
      if (random() % 4 == 0) std::swap(bus[i], bus[std::min(bus.size() - 1, i + random() % 6)]);
    Reader r({}, kStart);
    Numbers got;
    MonoTime now = kStart;
    const auto take = [&](std::vector<wire::Event> list) {
      for (const auto& e : list) got.push_back(e.number.value);
    };
    const auto maybe_fetch = [&] {
      if (!r.wants_fetch(now)) return;
      std::vector<wire::Event> range(log.begin() + r.cursor().number.value, log.end());
      if (range.size() > 50) range.resize(50);
      take(r.on_fetched(std::move(range), now));
    };
    for (auto& e : bus) {
      now += milliseconds(random() % 10);
      take(r.on_event(e, now));
      maybe_fetch();
    }
    while (got.size() < total && now < kStart + 60s) {
      now += 500ms;
      maybe_fetch();
    }
    Numbers want;
    for (int i = 1; i <= total; ++i) want.push_back(i);
    ASSERT_EQ(got, want) << "seed " << seed;
    ASSERT_FALSE(r.broken());
  }
}

}  // namespace headrace::events
