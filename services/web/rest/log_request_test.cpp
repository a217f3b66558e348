// SPDX-License-Identifier: Apache-2.0
// Logs over a real socket: lines as JSON, downloads, and a log that is larger than memory should be.
#include <atomic>
#include <fstream>

#include "logchunk/chunk.hpp"
#include "logstore/log_file.hpp"
#include "web/logs/download.hpp"
#include "web/testing/running_web_app.hpp"

namespace headrace::web {
namespace {

class LogOf : public testing::Test {
 protected:
  /// Puts log 0 of step 0 of build 1 into the store.
  void store(const std::vector<std::string>& framed, const std::string& type = "s") {
    logstore::Writer writer(app_.logs(), {BuildId{1}, 0, 0});
    for (const auto& text : framed)
      ASSERT_TRUE(writer.append(logchunk::encode(text, std::count(text.begin(), text.end(), '\n'), {})));
    announce(writer.finish(), type);
  }
  void announce(const logstore::Totals& totals, const std::string& type) {
    auto build = example_build(1, "kernel", Results::success);
    build.steps = {example_step(0, "compile it", Results::success, totals.lines)};
    build.steps[0].logs[0].size_bytes = totals.size_bytes;
    build.steps[0].logs[0].type = type;
    app_.log.build_finished(1, 3, 1, build);
    app_.apply(app_.log.take());
  }
  std::string contents(const std::string& query) {
    const auto answer = app_.json("/api/v2/builds/1/steps/0/logs/stdio/contents" + query);
    return answer["logchunks"].as_array().at(0)["content"].string_or("?");
  }

  RunningWebApp app_;
};

TEST_F(LogOf, ContentsAreLinesWithTheirChannel) {
  store({"hmake all\no  cc \"gate.c\"\nEwarning: \n", "eshort\nO100 %\noend\n"});
  EXPECT_EQ(contents(""), "hmake all\no  cc \"gate.c\"\newarning: \neshort\no100 %\noend\n");
  EXPECT_EQ(contents("?offset=1&limit=1"), "o  cc \"gate.c\"\n");
  EXPECT_EQ(contents("?offset=2&limit=2"), "ewarning: \neshort\n");
  EXPECT_EQ(contents("?offset=4"), "o100 %\noend\n");
  EXPECT_EQ(contents("?offset=6"), "");
  EXPECT_EQ(contents("?limit=0"), "");
  EXPECT_EQ(app_.get("/api/v2/logs/262144/contents?offset=5&limit=9").body,
            R"({"logchunks":[{"content":"oend\n","firstline":5,"logid":262144}],"meta":{}})");
}

TEST_F(LogOf, RawIsWhatTheStepWroteBelowTheNames) {
  store({"hmake\noone\netwo\nOhalf\nolf\n"});
  EXPECT_EQ(app_.get("/api/v2/logs/262144/raw_inline").body,
            "Builder: kernel\nBuild number: 3\nWorker name: w1\nmake\none\ntwo\nhalflf\n");
  http::RawClient client(app_.port());
  client.send("GET /api/v2/builders/kernel/builds/3/steps/0/logs/stdio/raw HTTP/1.1\r\nHost: h\r\n\r\n");
  const std::string head = client.read_until("\r\n\r\n");
  EXPECT_NE(
      head.find("Content-Disposition: attachment; filename=\"kernel_build_3_step_compile_it_log_stdio\""),
      std::string::npos)
      << head;
  EXPECT_NE(head.find("Content-Type: text/plain; charset=utf-8"), std::string::npos) << head;
}

TEST_F(LogOf, HtmlOfABuildRunsNothing) {
  store({"t<b>x</b><script>alert(1)</script>\n"}, "h");
  EXPECT_EQ(contents(""), "<b>x</b><script>alert(1)</script>\n");
  http::RawClient client(app_.port());
  client.send("GET /api/v2/logs/262144/raw_inline HTTP/1.1\r\nHost: h\r\n\r\n");
  const std::string head = client.read_until("\r\n\r\n");
  EXPECT_NE(head.find("Content-Type: text/html; charset=utf-8"), std::string::npos) << head;
  EXPECT_NE(head.find("Content-Security-Policy: sandbox;"), std::string::npos) << head;
}

TEST_F(LogOf, BytesThatAreNoUtf8AreReplacedInJsonAndKeptInRaw) {
  store({std::string("o\xff\x00\x01z\n", 6)});
  EXPECT_EQ(contents(""), std::string("o\xEF\xBF\xBD\0\x01z\n", 8));
  const auto raw = app_.get("/api/v2/logs/262144/raw").body;
  EXPECT_EQ(raw.substr(raw.find("w1\n") + 3), std::string("\xff\0\x01z\n", 5));
}

TEST_F(LogOf, ALogThatIsNotInTheStoreSaysSo) {
  announce({0, 5, 0, 0}, "s");
  const auto r = app_.get("/api/v2/logs/262144/contents");
  EXPECT_EQ(r.status, 404);
  EXPECT_NE(r.body.find("cannot open log file"), std::string::npos) << r.body;
}

TEST_F(LogOf, AnEmptyLogNeedsNoFile) {
  announce({}, "s");
  EXPECT_EQ(contents(""), "");
}

TEST_F(LogOf, ADamagedLogBreaksOffAndSaysWhy) {
  store({"ofine\n"});
  const auto path = logstore::path_of(app_.logs(), {BuildId{1}, 0, 0});
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(12);
  file << "\xee\xee\xee\xee\xee\xee";
  file.close();
  const auto r = app_.get("/api/v2/logs/262144/raw");
  EXPECT_EQ(r.status, 404);
  EXPECT_NE(r.body.find("damaged"), std::string::npos) << r.body;
}

// Bytes of memory of this process that are its own.
std::int64_t resident() {
  std::ifstream status("/proc/self/statm");
  std::int64_t total = 0, pages = 0;
  status >> total >> pages;
  return pages * ::sysconf(_SC_PAGESIZE);
}

TEST_F(LogOf, ALargeLogIsNotHeldInMemory) {
  // 300 MB of text in 4800 chunks.
  std::string text;
  for (int i = 0; i < 900; ++i) text += "o" + std::string(68, static_cast<char>('a' + i % 26)) + "\n";
  const std::string chunk = logchunk::encode(text, 900, {});
  constexpr int kChunks = 4800;
  {
    logstore::Writer writer(app_.logs(), {BuildId{1}, 0, 0});
    for (int i = 0; i < kChunks; ++i) ASSERT_TRUE(writer.append(chunk));
    announce(writer.finish(), "s");
  }
  const std::int64_t before = resident();
  // A client that reads nothing for a while, then everything: the server must wait, not gather.
  http::RawClient client(app_.port(), 8192);
  client.send("GET /api/v2/logs/262144/raw HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
  std::int64_t received = 0, most = 0;
  client.read_until("\r\n\r\n");
  for (std::string piece; !(piece = client.read_exactly(1 << 20)).empty();
       received += static_cast<std::int64_t>(piece.size()))
    most = std::max(most, resident() - before);
  EXPECT_GT(received, std::int64_t{kChunks} * 900 * 69);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)  // they keep what was freed
  EXPECT_LT(most, 40 << 20);
#endif
  // The end is found at once: by the index, not by reading what is before.
  const auto start = std::chrono::steady_clock::now();
  EXPECT_EQ(contents("?offset=" + std::to_string(kChunks * 900 - 1)), text.substr(text.size() - 70));
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(2));
}

// A log of 100 slices without end in sight; remembers how far it was read ahead of its reader.
struct AheadSource : LogSource {
  static constexpr std::int64_t kLines = 900, kSlices = 100;
  explicit AheadSource(const std::atomic<std::int64_t>& bytes) : received(bytes) {
    for (int i = 0; i < kLines; ++i) text += "o" + std::string(68, 'x') + "\n";
    chunk = logchunk::encode(text, kLines, {});
  }
  void read(const LogAddress&, std::int64_t line, Answer answer) override {
    const std::int64_t slice_lines = kLines * static_cast<std::int64_t>(kSliceChunks);
    most_ahead = std::max(most_ahead.load(), line * 69 - received.load());
    ++reads;
    LogSlice slice;
    slice.first_line = line;
    if (line < kSlices * slice_lines) slice.chunks.assign(kSliceChunks, chunk);
    answer(std::move(slice));
  }
  const std::atomic<std::int64_t>& received;
  std::string text, chunk;
  std::atomic<std::int64_t> most_ahead = 0;
  std::atomic<int> reads = 0;
};

TEST(LogDownload, IsNeverFarAheadOfItsReader) {
  std::atomic<std::int64_t> received = 0;
  AheadSource source(received);
  std::unique_ptr<Pool> pool;
  http::RunningServer server([&](http::Request, http::ResponderPtr responder) {
    Download what;
    what.transform = [](std::string_view framed) { return logchunk::unframe(framed, "o"); };
    send_log(source, *pool, std::move(what), std::move(responder));
  });
  pool = std::make_unique<Pool>(server.io);
  http::RawClient client(server.port(), 8192);
  client.send("GET /log HTTP/1.0\r\nHost: h\r\n\r\n");
  client.read_until("\r\n\r\n");
  // We take nothing: it must come to rest after what the sockets and the bound hold. A server that does not
  // wait reads 20 slices well before the deadline.
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(4);
  while (source.reads < 20 && std::chrono::steady_clock::now() < deadline) std::this_thread::yield();
  EXPECT_LT(source.reads.load(), 20);
  for (std::string piece; !(piece = client.read_exactly(256 << 10)).empty();)
    received += static_cast<std::int64_t>(piece.size());
  const std::int64_t total =
      AheadSource::kSlices * static_cast<std::int64_t>(kSliceChunks) * AheadSource::kLines * 69;
  EXPECT_EQ(received.load(), total);
  EXPECT_EQ(source.reads.load(), AheadSource::kSlices + 1);
  EXPECT_LT(source.most_ahead.load(), 16 << 20) << "of " << total;
}

}  // namespace
}  // namespace headrace::web
