// SPDX-License-Identifier: Apache-2.0
#include "worker/core/progress_outbox.hpp"

#include <gtest/gtest.h>

namespace headrace::worker {
namespace {

constexpr std::size_t kWindow = 1 << 20;

wire::ProgressItem step_item(int number) {
  wire::ProgressItem item;
  item.step.emplace().number = number;
  return item;
}
wire::ProgressItem finish_item() {
  wire::ProgressItem item;
  item.finish.emplace();
  return item;
}
logchunk::Piece piece(std::int64_t offset, std::int64_t size, std::size_t bytes = 10) {
  return {offset, size, 1, std::string(bytes, 'x')};
}

}  // namespace

TEST(ProgressOutbox, NumbersReportsWithItemsAndKeepsThemUntilAcknowledged) {
  ProgressOutbox box;
  box.add(step_item(0));
  box.close();
  box.add(0, 0, piece(0, 100));
  box.close();
  box.add(0, 0, piece(100, 50));
  box.add(finish_item());
  box.close();
  const auto a = box.next(kWindow), b = box.next(kWindow), c = box.next(kWindow);
  ASSERT_TRUE(a && b && c);
  EXPECT_FALSE(box.next(kWindow));
  EXPECT_EQ(a->sequence, 1);
  EXPECT_EQ(b->sequence, 0);
  EXPECT_EQ(c->sequence, 2);
  EXPECT_EQ(c->logs[0].offset_bytes, 100);

  EXPECT_EQ(box.on_reported(1, {{0, 0, 100}}), ProgressOutbox::Acknowledged::progress);
  EXPECT_FALSE(box.complete());
  EXPECT_EQ(box.on_reported(1, {}), ProgressOutbox::Acknowledged::nothing_new);
  box.rewind();
  const auto again = box.next(kWindow);
  ASSERT_TRUE(again);
  EXPECT_EQ(again->sequence, 2);
  EXPECT_EQ(box.on_reported(2, {{0, 0, 150}}), ProgressOutbox::Acknowledged::progress);
  EXPECT_TRUE(box.complete());
  EXPECT_EQ(box.bytes(), 0u);
}

TEST(ProgressOutbox, APositionThatDidNotMoveMeansBytesAreMissing) {
  ProgressOutbox box;
  box.add(0, 0, piece(0, 100));
  box.close();
  box.add(0, 0, piece(100, 100));
  box.close();
  EXPECT_TRUE(box.next(kWindow));
  EXPECT_TRUE(box.next(kWindow));
  EXPECT_EQ(box.on_reported(0, {{0, 0, 0}}), ProgressOutbox::Acknowledged::missing);
  // An acknowledgement of the first while the second is under way is none.
  EXPECT_EQ(box.on_reported(0, {{0, 0, 100}}), ProgressOutbox::Acknowledged::progress);
}

TEST(ProgressOutbox, TheServersOffsetWinsAfterAWelcome) {
  ProgressOutbox box;
  for (int i = 0; i < 3; ++i) {
    box.add(0, 0, piece(i * 100, 100));
    box.add(step_item(i));
    box.close();
    EXPECT_TRUE(box.next(kWindow));
  }
  // The server has more than its last answer said: two log pieces, one number.
  ASSERT_TRUE(box.on_held(1, {{0, 0, 200}}));
  const auto second = box.next(kWindow);
  ASSERT_TRUE(second);
  EXPECT_EQ(second->sequence, 2);
  EXPECT_TRUE(second->logs.empty());
  EXPECT_EQ(box.next(kWindow)->logs.at(0).offset_bytes, 200);
  // Or less, as long as it is still here.
  ASSERT_TRUE(box.on_held(1, {{0, 0, 100}}));
  EXPECT_EQ(box.next(kWindow)->logs.at(0).offset_bytes, 100);
  // An offset inside of a piece: that piece again, from its start.
  ASSERT_TRUE(box.on_held(1, {{0, 0, 150}}));
  EXPECT_EQ(box.next(kWindow)->logs.at(0).offset_bytes, 100);
  // What was acknowledged and dropped cannot be had back.
  EXPECT_FALSE(box.on_held(0, {{0, 0, 100}}));
  EXPECT_FALSE(box.on_held(1, {}));
}

TEST(ProgressOutbox, TheWindowBoundsWhatIsUnderWay) {
  ProgressOutbox box;
  for (int i = 0; i < 4; ++i) {
    box.add(0, 0, piece(i * 100, 100, 1000));
    box.close();
  }
  EXPECT_TRUE(box.next(2500));
  EXPECT_TRUE(box.next(2500));
  EXPECT_FALSE(box.next(2500));
  box.on_reported(0, {{0, 0, 100}});
  EXPECT_TRUE(box.next(2500));
  EXPECT_FALSE(box.next(2500));
}

TEST(ProgressOutbox, CutsALongWaitIntoReportsOfBoundedSize) {
  ProgressOutbox box;
  box.add(step_item(0));
  for (int i = 0; i < 20; ++i) box.add(0, 0, piece(i * 100, 100, 60'000));
  box.add(finish_item());
  box.close();
  int reports = 0;
  std::int64_t offset = 0, sequence = 0;
  while (auto r = box.next(std::size_t{1} << 30)) {
    ++reports;
    for (const auto& p : r->logs) {
      EXPECT_EQ(p.offset_bytes, offset);
      offset += 100;
    }
    if (r->sequence) {
      EXPECT_EQ(r->sequence, ++sequence);
    }
  }
  EXPECT_GE(reports, 4);
  EXPECT_EQ(sequence, 2);
  EXPECT_EQ(offset, 2000);
}

}  // namespace headrace::worker
