// SPDX-License-Identifier: Apache-2.0
#include "logstore/log_file.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <iterator>

#include "logchunk/chunk.hpp"

namespace headrace::logstore {
namespace fs = std::filesystem;
namespace {

class LogFile : public testing::Test {
 protected:
  LogFile() {
    char name[] = "/tmp/headrace-logstore-XXXXXX";
    store_ = ::mkdtemp(name);
  }
  ~LogFile() override { fs::remove_all(store_); }

  // Three chunks of 10, 1 and 5 lines.
  static std::vector<std::string> texts() {
    std::string a, b = "estop\n", c;
    for (int i = 0; i < 10; ++i) a += "oline " + std::to_string(i) + "\n";
    for (int i = 0; i < 5; ++i) c += "hend\n";
    return {a, b, c};
  }
  static std::int64_t lines(const std::string& text) { return std::count(text.begin(), text.end(), '\n'); }

  Totals write(const LogId& key) {
    Writer w(store_, key);
    for (const auto& t : texts()) EXPECT_TRUE(w.append(logchunk::encode(t, lines(t), {})));
    return w.finish();
  }
  static std::string slurp(const fs::path& path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  static void spit(const fs::path& path, std::string_view bytes) {
    std::ofstream(path, std::ios::binary) << bytes;
  }

  fs::path store_;
  const LogId key_{BuildId{12345}, 2, 1};
};

TEST_F(LogFile, GivesBackEveryChunkAndWhereItIs) {
  const Totals written = write(key_);
  const fs::path path = path_of(store_, key_);
  EXPECT_EQ(path, store_ / "12" / "12345.2.1.hrlog");
  auto r = Reader::open(path);
  ASSERT_TRUE(r) << r.error().text;
  std::string whole;
  for (const auto& t : texts()) whole += t;
  EXPECT_EQ(r->totals().lines, 16);
  EXPECT_EQ(r->totals().size_bytes, static_cast<std::int64_t>(whole.size()));
  EXPECT_EQ(r->totals().crc, logchunk::crc32(0, whole));
  EXPECT_EQ(r->totals().crc, written.crc);
  std::string back;
  for (std::size_t i = 0; i < r->index().size(); ++i)
    back += logchunk::decode(r->chunk(i).value()).value().text;
  EXPECT_EQ(back, whole);
  EXPECT_FALSE(r->chunk(3));
}

TEST_F(LogFile, FindsLinesAndOffsets) {
  write(key_);
  const auto r = Reader::open(path_of(store_, key_)).value();
  EXPECT_EQ(r.chunk_of_line(0), 0u);
  EXPECT_EQ(r.chunk_of_line(9), 0u);
  EXPECT_EQ(r.chunk_of_line(10), 1u);
  EXPECT_EQ(r.chunk_of_line(11), 2u);
  EXPECT_EQ(r.chunk_of_line(15), 2u);
  EXPECT_EQ(r.chunk_of_line(16), 3u);
  EXPECT_EQ(r.chunk_of_line(-1), 3u);
  const auto first = static_cast<std::int64_t>(texts()[0].size());
  EXPECT_EQ(r.chunk_of_offset(first - 1), 0u);
  EXPECT_EQ(r.chunk_of_offset(first), 1u);
  EXPECT_EQ(r.chunk_of_offset(r.totals().size_bytes), 3u);
}

TEST_F(LogFile, IsOfTheBuildThatStartedThen) {
  const LogId lost{BuildId{12345}, 2, 1, 1'700'000'000'000}, mine{BuildId{12345}, 2, 1, 1'700'000'009'000};
  const auto written = write(lost);
  EXPECT_EQ(path_of(store_, lost), store_ / "12" / "12345.2.1.1700000000000.hrlog");
  const Known known{written.lines, written.size_bytes};
  EXPECT_TRUE(Reader::open(store_, lost, known));
  EXPECT_FALSE(Reader::open(store_, mine, known)) << "that is the log of a build that had the number before";
}

TEST_F(LogFile, OfAnOlderVersionIsReadWhenItIsAsLongAsTheLog) {
  const auto written = write(key_);  // without the start in its name
  const LogId mine{BuildId{12345}, 2, 1, 1'700'000'009'000};
  const auto read = Reader::open(store_, mine, Known{written.lines, written.size_bytes});
  ASSERT_TRUE(read) << read.error().text;
  EXPECT_EQ(read->totals().crc, written.crc);
  EXPECT_FALSE(Reader::open(store_, mine, Known{written.lines + 1, written.size_bytes}));
  EXPECT_FALSE(Reader::open(store_, mine, std::nullopt)) << "of a build that runs, nothing is known";
}

TEST_F(LogFile, KnowsAnEmptyLog) {
  Writer(store_, key_).finish();
  const auto r = Reader::open(path_of(store_, key_));
  ASSERT_TRUE(r) << r.error().text;
  EXPECT_EQ(r->totals().lines, 0);
  EXPECT_EQ(r->chunk_of_line(0), 0u);
  EXPECT_FALSE(r->chunk(0));
}

TEST_F(LogFile, LeavesNothingWhenItIsNotFinished) {
  {
    Writer w(store_, key_);
    ASSERT_TRUE(w.append(logchunk::encode("ox\n", 1, {})));
  }
  const auto missing = Reader::open(path_of(store_, key_));
  ASSERT_FALSE(missing);
  EXPECT_NE(missing.error().text.find("2.1.hrlog"), std::string::npos);
  EXPECT_TRUE(fs::is_empty(path_of(store_, key_).parent_path()));
}

TEST_F(LogFile, RefusesAChunkThatDoesNotUnpack) {
  Writer w(store_, key_);
  EXPECT_FALSE(w.append("rubbish"));
  ASSERT_TRUE(w.append(logchunk::encode("ox\n", 1, {})));
  EXPECT_EQ(w.finish().lines, 1);
}

TEST_F(LogFile, RefusesEveryTruncation) {
  write(key_);
  const fs::path path = path_of(store_, key_);
  const std::string whole = slurp(path);
  ASSERT_GT(whole.size(), 100u);
  for (std::size_t n = 0; n < whole.size(); ++n) {
    spit(path, std::string_view(whole).substr(0, n));
    const auto r = Reader::open(path);
    ASSERT_FALSE(r) << n;
    EXPECT_NE(r.error().text.find(path.string()), std::string::npos) << r.error().text;
  }
}

TEST_F(LogFile, NoticesEveryFlippedByte) {
  write(key_);
  const fs::path path = path_of(store_, key_);
  const std::string whole = slurp(path);
  std::string text;
  for (const auto& t : texts()) text += t;
  for (std::size_t n = 0; n < whole.size(); ++n) {
    std::string bad = whole;
    bad[n] = static_cast<char>(bad[n] ^ 0x40);
    spit(path, bad);
    const auto r = Reader::open(path);
    if (!r) continue;  // header, index or footer: refused at once
    // Inside a chunk: the chunk does not unpack, or the text no longer has the log's checksum.
    std::string back;
    bool refused = false;
    for (std::size_t i = 0; i < r->index().size(); ++i) {
      const auto chunk = logchunk::decode(r->chunk(i).value());
      if (chunk) back += chunk->text;
      refused |= !chunk;
    }
    // Times of lines are not covered by the checksum: the text is then still right.
    EXPECT_TRUE(refused || back == text || logchunk::crc32(0, back) != r->totals().crc) << n;
  }
}

TEST_F(LogFile, SyncsFewAndManyAndNamesWhatIsMissing) {
  std::vector<fs::path> files;
  for (int step = 0; step < 20; ++step) {
    const LogId key{BuildId{1000 + step}, step, 0};
    write(key);
    files.push_back(path_of(store_, key));
  }
  sync(store_, {files.begin(), files.begin() + 2});
  sync(store_, files);
  for (const auto& file : files) EXPECT_TRUE(Reader::open(file)) << file;
  try {
    sync(store_, {store_ / "1" / "1.0.0.hrlog"});
    FAIL() << "synced a file that is not there";
  } catch (const std::runtime_error& e) {
    EXPECT_NE(std::string(e.what()).find("1.0.0.hrlog"), std::string::npos) << e.what();
  }
}

TEST_F(LogFile, NamesThePathThatCannotBeWritten) {
  spit(store_ / "12", "a file in the way");
  try {
    Writer w(store_, key_);
    FAIL() << "wrote below a file";
  } catch (const std::runtime_error& e) {
    EXPECT_NE(std::string(e.what()).find(store_.string()), std::string::npos) << e.what();
  }
}

}  // namespace
}  // namespace headrace::logstore
