// SPDX-License-Identifier: Apache-2.0
#include "generation/generation.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <optional>

namespace headrace {

TEST(Generation, CallsBackInTheSameLifeWithAllArguments) {
  Generation generation;
  int sum = 0;
  const std::function<void(int, int)> add = generation.guard([&](int a, int b) { sum += a + b; });
  add(1, 2);
  add(3, 4);
  EXPECT_EQ(sum, 10);
}

TEST(Generation, DropsWhatWasGuardedInAnEarlierLife) {
  Generation generation;
  int calls = 0;
  const std::function<void()> early = generation.guard([&] { ++calls; });
  generation.renew();
  const std::function<void()> late = generation.guard([&] { ++calls; });
  early();
  EXPECT_EQ(calls, 0);
  late();
  EXPECT_EQ(calls, 1);
}

TEST(Generation, DropsWhatOutlivesTheOwner) {
  std::function<void()> late;
  {
    std::optional<Generation> owner(std::in_place);
    late = owner->guard([] { FAIL() << "the owner is gone"; });
  }
  late();
}

TEST(Generation, AMarkTellsAnEndFromWithin) {
  Generation generation;
  const auto mark = generation.mark();
  EXPECT_TRUE(mark.current());
  const std::function<void()> reload = generation.guard([&] { generation.renew(); });
  reload();
  EXPECT_FALSE(mark.current());
  EXPECT_TRUE(generation.mark().current());
}

}  // namespace headrace
