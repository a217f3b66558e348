// SPDX-License-Identifier: Apache-2.0
#include "logchunk/chunk.hpp"

#include <gtest/gtest.h>

#include <random>

#include "logchunk/lines.hpp"

namespace headrace::logchunk {

TEST(Chunk, GivesBackTextLinesAndTimes) {
  const std::string text = "hstart\noone\netwo\nOhalf\n";
  const std::vector<TimeMark> times = {
      {0, 1'700'000'000'000}, {2, 1'700'000'000'005}, {3, 1'699'999'999'999}};
  const auto back = decode(encode(text, 4, times));
  ASSERT_TRUE(back) << back.error().text;
  EXPECT_EQ(back->text, text);
  EXPECT_EQ(back->lines, 4);
  EXPECT_EQ(back->times, times);
}

TEST(Chunk, TellsItsExtentWithoutUnpacking) {
  const auto e = extent(encode("oa\nob\n", 2, {{0, 5}}));
  ASSERT_TRUE(e);
  EXPECT_EQ(e->size_bytes, 6);
  EXPECT_EQ(e->lines, 2);
}

TEST(Chunk, StoresWhatDoesNotCompress) {
  std::mt19937 random(1);
  std::string text = "o";
  while (text.size() < 50'000) {
    const char c = static_cast<char>(random());
    if (c != '\n') text.push_back(c);
  }
  text.push_back('\n');
  const std::string chunk = encode(text, 1, {{0, 1}});
  EXPECT_LT(chunk.size(), text.size() + 32);
  ASSERT_TRUE(decode(chunk));
  EXPECT_EQ(decode(chunk)->text, text);
}

TEST(Chunk, RefusesEveryTruncatedPrefix) {
  std::string lines;
  for (int i = 0; i < 50; ++i) lines += "othe same line again\n";
  for (const std::string& text : {std::string("oa\n"), lines}) {
    const std::string chunk = encode(text, text.size() > 3 ? 50 : 1, {{0, 12}});
    ASSERT_TRUE(decode(chunk));
    for (std::size_t n = 0; n < chunk.size(); ++n) EXPECT_FALSE(decode(chunk.substr(0, n))) << n;
    EXPECT_FALSE(decode(chunk + "x"));
  }
}

TEST(Chunk, RefusesWhatDoesNotAddUp) {
  EXPECT_FALSE(decode(encode("oa\nob\n", 3, {{0, 1}})));          // says three lines
  EXPECT_FALSE(decode(encode("oa\nob", 1, {{0, 1}})));            // does not end at a line's end
  EXPECT_FALSE(decode(encode("oa\n", 1, {{1, 1}})));              // time of a line that is not there
  EXPECT_FALSE(decode(encode("oa\nob\n", 2, {{0, 1}, {0, 2}})));  // two times for one line
  EXPECT_FALSE(decode(encode(std::string(kMaxChunk, 'o') + "\n", 1, {{0, 1}})));  // too large
  std::string other = encode("oa\n", 1, {{0, 1}});
  other[0] = 2;
  EXPECT_FALSE(decode(other));
  EXPECT_FALSE(extent(other));
}

TEST(Chunk, RandomBytesAreRefusedWithoutHarm) {
  std::mt19937 random(7);
  const std::string good = encode("oa\nob\noc\n", 3, {{0, 1}, {2, 9}});
  for (int i = 0; i < 20'000; ++i) {
    std::string bad = good;
    bad[random() % bad.size()] = static_cast<char>(random());
    const auto r = decode(bad);
    if (r) {
      EXPECT_EQ(r->text.size(), static_cast<std::size_t>(extent(bad)->size_bytes));
    }
  }
}

TEST(Unframe, PicksChannelsAndJoinsCutLines) {
  const std::string framed = "hmake\noone\nOhalf \neerr\noline\nOend\n";
  EXPECT_EQ(unframe(framed, "o"), "one\nhalf line\nend");
  EXPECT_EQ(unframe(framed, "e"), "err\n");
  EXPECT_EQ(unframe(framed, "h"), "make\n");
}

TEST(Unframe, GivesBuildbotsLines) {
  EXPECT_EQ(to_buildbot_lines("oone\nOhalf\nE\nhX\n"), "oone\nohalf\ne\nhX\n");
  EXPECT_EQ(to_buildbot_lines(""), "");
}

TEST(Crc32, IsZlibsAndCanBeContinued) {
  EXPECT_EQ(crc32(0, "123456789"), 0xCBF43926u);
  EXPECT_EQ(crc32(crc32(0, "1234"), "56789"), 0xCBF43926u);
}

TEST(CountLines, CountsEveryNewlineAtEveryLength) {
  std::mt19937 random(7);
  std::string text;
  std::int64_t lines = 0;
  for (int size = 0; size < 700; ++size) {
    ASSERT_EQ(count_lines(text), lines) << "of " << size << " bytes";
    text += random() % 3 == 0 ? '\n' : 'x';
    lines += text.back() == '\n' ? 1 : 0;
  }
  EXPECT_EQ(count_lines(std::string(100'000, '\n')), 100'000);
}

}  // namespace headrace::logchunk
