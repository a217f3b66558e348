// SPDX-License-Identifier: Apache-2.0
#include "logchunk/frame.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>

namespace headrace::logchunk {
namespace {

/// What a reader of the log has: the framed text of all pieces, checked against the framer's sums.
std::string collect(Framer& framer, std::vector<Piece>& pieces) {
  for (auto& p : framer.take_full()) pieces.push_back(std::move(p));
  if (auto last = framer.cut()) pieces.push_back(std::move(*last));
  std::string framed;
  std::int64_t lines = 0;
  for (const auto& p : pieces) {
    EXPECT_EQ(p.offset_bytes, static_cast<std::int64_t>(framed.size()));
    const auto chunk = decode(p.chunk);
    EXPECT_TRUE(chunk) << chunk.error().text;
    if (!chunk) return framed;
    EXPECT_EQ(chunk->text.size(), static_cast<std::size_t>(p.size_bytes));
    EXPECT_LE(chunk->text.size(), kMaxChunk);
    EXPECT_EQ(chunk->times.front().first_line, 0);
    framed += chunk->text;
    lines += chunk->lines;
  }
  EXPECT_EQ(framer.size_bytes(), static_cast<std::int64_t>(framed.size()));
  EXPECT_EQ(framer.lines(), lines);
  EXPECT_EQ(framer.crc(), crc32(0, framed));
  for (std::size_t at = 0; at < framed.size();) {
    const auto end = framed.find('\n', at);
    EXPECT_LE(end - at + 1, kMaxLine);
    at = end + 1;
  }
  return framed;
}

}  // namespace

TEST(Framer, FramesLinesOfSeveralChannels) {
  Framer f;
  std::vector<Piece> pieces;
  f.write('h', "make\n", from_ms(1));
  f.write('o', "one\ntw", from_ms(2));
  f.write('e', "oops\n", from_ms(3));
  f.write('o', "o\n\n", from_ms(4));
  EXPECT_FALSE(f.has_partial());
  EXPECT_EQ(collect(f, pieces), "hmake\noone\neoops\notwo\no\n");
  EXPECT_EQ(decode(pieces[0].chunk)->times, (std::vector<TimeMark>{{0, 1}, {1, 2}, {2, 3}, {3, 4}}));
}

// Half an hour of a step that prints a dot now and then, while nobody takes its log.
TEST(Framer, CutsAChunkThatHasManyTimes) {
  Framer f;
  std::vector<Piece> pieces;
  std::string expected;
  for (int i = 0; i < 30'000; ++i) {
    f.write('o', "\n", from_ms(1'700'000'000'000 + i * 64));
    expected += "o\n";
  }
  EXPECT_EQ(collect(f, pieces), expected);
  for (const auto& piece : pieces) EXPECT_LE(piece.chunk.size(), kMaxEncoded);
}

TEST(Framer, FlushCutsAnUnfinishedLineAndTheRestFollows) {
  Framer f;
  std::vector<Piece> pieces;
  f.write('o', "50%", from_ms(1));
  EXPECT_TRUE(f.has_partial());
  f.flush_partial(from_ms(201));
  EXPECT_FALSE(f.has_partial());
  f.write('o', " 100%\nend", from_ms(300));
  f.flush_partial(from_ms(500));
  const std::string framed = collect(f, pieces);
  EXPECT_EQ(framed, "O50%\no 100%\nOend\n");
  EXPECT_EQ(unframe(framed, "o"), "50% 100%\nend");
}

TEST(Framer, AnyBytesInAnyPortionsComeBackExactly) {
  for (unsigned seed = 0; seed < 30; ++seed) {
    std::mt19937 random(seed);
    Framer f;
    std::map<char, std::string> wrote;
    std::vector<Piece> pieces;
    const bool short_lines = seed % 3 == 0;
    const bool no_lines = seed % 5 == 1;
    for (int i = 0; i < 300; ++i) {
      const char channel = "oeh"[random() % 3];
      const std::size_t most = random() % 20 == 0 ? 200'000 : random() % 4 == 0 ? 5'000 : 40;
      std::string bytes(random() % most, '\0');
      for (auto& c : bytes) {
        c = static_cast<char>(random());  // NUL, invalid UTF-8, everything
        if (short_lines && random() % 4 == 0) c = '\n';
        if (no_lines && c == '\n') c = 'x';
      }
      f.write(channel, bytes, from_ms(1000 + i / 3));
      wrote[channel] += bytes;
      if (random() % 40 == 0) f.flush_partial(from_ms(1000 + i / 3));
      if (random() % 10 == 0) {
        for (auto& p : f.take_full()) pieces.push_back(std::move(p));
        if (auto p = f.cut()) pieces.push_back(std::move(*p));
      }
    }
    f.flush_partial(from_ms(9999));
    const std::string framed = collect(f, pieces);
    for (const auto& [channel, bytes] : wrote) {
      ASSERT_TRUE(unframe(framed, std::string(1, channel)) == bytes)
          << "seed " << seed << " channel " << channel;
    }
  }
}

TEST(Framer, LineLengthsAroundEveryLimit) {
  for (const std::size_t n : {kMaxLine - 3, kMaxLine - 2, kMaxLine - 1, kMaxLine, 2 * (kMaxLine - 2),
                              2 * (kMaxLine - 2) + 1, kMaxChunk}) {
    for (const std::size_t portion : {n + 1, std::size_t{1000}, kMaxLine - 2}) {
      Framer f;
      std::vector<Piece> pieces;
      const std::string text = std::string(n, 'x') + "\n";
      for (std::size_t at = 0; at < text.size(); at += portion)
        f.write('o', std::string_view(text).substr(at, portion), from_ms(1));
      ASSERT_FALSE(f.has_partial()) << n;
      ASSERT_EQ(unframe(collect(f, pieces), "o"), text) << n << " in portions of " << portion;
    }
  }
}

TEST(Framer, ALineWithoutEndNeedsBoundedMemory) {
  Framer f;
  const std::string block(1 << 20, 'z');
  std::int64_t total = 0;
  for (int i = 0; i < 64; ++i) {
    f.write('o', block, from_ms(i));
    for (const auto& p : f.take_full()) total += p.size_bytes;
    EXPECT_LE(f.uncut_bytes(), kMaxChunk);
  }
  EXPECT_GT(total, 63 << 20);
}

}  // namespace headrace::logchunk
