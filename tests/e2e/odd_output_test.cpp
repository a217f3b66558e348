// SPDX-License-Identifier: Apache-2.0
// What steps may do to a log: no program at all, bytes that are no text, a gigabyte without a newline.
#include <gtest/gtest.h>

#include <cstdio>
#include <random>
#include <regex>

#include "logchunk/chunk.hpp"
#include "store/client.hpp"
#include "store/state/log.hpp"
#include "support/headrace_up.hpp"

namespace headrace::test {
namespace {

TEST(OddOutput, ACommandThatDoesNotExistFailsItsStepInWords) {
  HeadraceUp up(R"(
worker.embedded "local" {}
builder "b" { workers = { "local" }, steps = {
  step.shell "list" { command = { "no-such-program-4711", "x" }, halt_on_failure = false },
  step.shell "shell" { command = "no-such-program-4712", halt_on_failure = false },
  step.shell "path" { command = { "/no/such/place/program" }, halt_on_failure = false },
  step.shell "directory" { command = { "/usr" }, halt_on_failure = false },
  step.shell "good" { command = "echo good" } } }
scheduler.force "force" { builders = { "b" } }
)");
  up.start();
  EXPECT_EQ(up.headrace({"force", "b", "--wait"}).status, 1);
  EXPECT_EQ(up.wait_build("b", 1)["results"].int_or(-1), 2) << up.everything_said();
  const auto expect = [&](const std::string& step, const std::string& words, int code) {
    const auto log = up.raw_log(1, step);
    EXPECT_NE(log.find(words), std::string::npos) << log;
    EXPECT_NE(log.find("program finished with exit code " + std::to_string(code)), std::string::npos) << log;
  };
  expect("list", "no-such-program-4711: command not found (PATH=", 127);
  expect("shell", "no-such-program-4712: not found", 127);
  expect("path", "/no/such/place/program: command not found", 127);
  expect("directory", "/usr: Permission denied", 126);
  expect("good", "good\n", 0);
  EXPECT_EQ(up.stop(), 0);
}

// Every byte in every surrounding: NULs, lone continuations, cut characters, carriage returns.
std::string odd_bytes() {
  std::string out =
      std::string("\xff\xfe\0abc\0\n\xc3(\n\xe2\x82\n\xed\xa0\x80\n\xf8\x88\x80\x80\x80\r\n\0\n", 36);
  std::mt19937 random(4711);
  for (int i = 0; i < 200'000; ++i) out += static_cast<char>(random() & 0xff);
  return out + "\n";
}
const std::string kUnfinished = "\xc3";  // within a character, without a newline

TEST(OddOutput, BytesThatAreNoTextAreKeptAsTheyAreAndJsonStaysValid) {
  HeadraceUp up(R"(
worker.embedded "local" {}
builder "b" { workers = { "local" }, steps = { step.shell "odd" { command = "cat ../../../../../odd.bin", log_environ = false } } }
scheduler.force "force" { builders = { "b" } }
)");
  const auto bytes = odd_bytes();
  write_file(up.folder() + "/odd.bin", bytes + kUnfinished);
  up.start();
  EXPECT_EQ(up.headrace({"force", "b", "--wait"}).status, 0) << up.everything_said();
  up.wait_build("b", 1);  // the command asks Redis, where it is known first
  const auto raw = up.raw_log(1, "odd");
  EXPECT_NE(raw.find("\n" + bytes + "program finished with exit code 0\n"), std::string::npos)
      << raw.size() << " bytes";
  EXPECT_TRUE(up.headrace({"log", "b#1", "--channels", "o"}).out == bytes + kUnfinished);

  http::Call call;
  call.url = up.web() + "/api/v2/builds/1/steps/odd/logs/stdio/contents";
  call.headers = {{"Accept", "application/json"}};
  const auto reply = http::call_and_wait(call);
  ASSERT_EQ(reply.status, 200) << reply.error;
  EXPECT_TRUE(json::valid_utf8(reply.body) == reply.body) << "JSON is UTF-8";
  const auto contents = json::parse(reply.body);
  ASSERT_TRUE(contents) << contents.error().text;
  const auto text = (*contents)["logchunks"].as_array().at(0)["content"].as_string();
  EXPECT_NE(text.find(std::string("\0abc\0\n", 6)), std::string::npos) << "NULs are text";
  EXPECT_NE(text.find("\xef\xbf\xbd(\n"), std::string::npos) << "what is no character is U+FFFD";
  EXPECT_EQ(up.stop(), 0);
}

constexpr std::int64_t kGigabyte = 1'000'000'000;
constexpr std::int64_t kMaxMemory = 300 << 20;

// The most memory that a process ever had, in bytes.
std::int64_t peak_memory(pid_t pid) {
  const auto status = read_file("/proc/" + std::to_string(pid) + "/status");
  const auto at = status.find("VmHWM:");
  return at == std::string::npos ? -1 : std::stoll(status.substr(at + 6)) * 1024;
}

// A download that is looked at as it passes: nobody holds a gigabyte.
struct Passed {
  std::string head;       // up to the mark
  std::int64_t run = 0;   // how many x follow it
  std::uint32_t crc = 0;  // of these
  std::string tail;       // all that comes after
  int status = -1;        // of curl
};

Passed download(const std::string& url, const std::string& mark) {
  Passed out;
  FILE* const pipe = ::popen(
      ("curl --silent --show-error --fail --no-buffer --noproxy '*' '" + url + "' 2>&1").c_str(), "r");
  if (!pipe) throw std::runtime_error("cannot run curl");
  std::vector<char> buffer(1 << 20);
  bool in_run = false;
  for (std::size_t n; (n = std::fread(buffer.data(), 1, buffer.size(), pipe)) > 0;) {
    std::string_view bytes(buffer.data(), n);
    if (!in_run) {
      out.head += bytes;
      const auto at = out.head.find(mark);
      if (at == std::string::npos) continue;
      in_run = true;
      const auto rest = out.head.substr(at + mark.size());
      out.head.resize(at + mark.size());
      bytes = bytes.substr(bytes.size() - rest.size());
    }
    const auto end = out.tail.empty() ? std::min(bytes.find_first_not_of('x'), bytes.size()) : 0;
    out.run += static_cast<std::int64_t>(end);
    out.crc = logchunk::crc32(out.crc, bytes.substr(0, end));
    out.tail += bytes.substr(end);
    if (out.tail.size() > (1 << 20)) break;  // this is not what was written
  }
  out.status = ::pclose(pipe);
  return out;
}

std::uint32_t crc_of_a_gigabyte() {
  const std::string portion(1'000'000, 'x');
  std::uint32_t crc = 0;
  for (int i = 0; i < 1000; ++i) crc = logchunk::crc32(crc, portion);
  return crc;
}

TEST(OddOutput, AGigabyteWithoutANewlineIsAllThereAndNobodyHoldsIt) {
  HeadraceUp up(R"(
worker.embedded "local" { slots = 2 }
builder "large" { workers = { "local" }, steps = {
  step.shell "gigabyte" { command = "echo begin; head -c 1000000000 /dev/zero | tr '\\0' x", log_environ = false } } }
builder "small" { workers = { "local" }, steps = { step.shell "say" { command = "echo small" } } }
scheduler.force "force" { builders = { "large", "small" } }
)");
  up.start();
  ASSERT_EQ(up.headrace({"force", "large"}).status, 0);
  wait_for(
      "the first of it", HeadraceUp::kLimit,
      [&] { return up.try_rest("/builds/1/steps/gigabyte/logs/stdio")["logs"].is_array(); },
      [&] { return up.everything_said(); });
  EXPECT_EQ(up.headrace({"force", "small", "--wait"}).status, 0) << "others are built meanwhile";
  EXPECT_EQ(up.wait_build("large", 1, 240s)["results"].int_or(-1), 0) << up.everything_said();

  const auto logs =
      up.rest("/builds/1/steps/gigabyte/logs?field=incomplete&field=size_bytes&field=slug")["logs"]
          .as_array();
  ASSERT_EQ(logs.size(), 1u);
  EXPECT_FALSE(logs[0]["incomplete"].bool_or(true)) << "size and CRC-32 are those that the worker counted";
  EXPECT_GT(logs[0]["size_bytes"].int_or(0), kGigabyte);

  const auto passed = download(up.web() + "/api/v2/builds/1/steps/gigabyte/logs/stdio/raw", "\nbegin\n");
  EXPECT_EQ(passed.status, 0) << passed.head << up.log_of("web") << up.log_of("dispatcher");
  // As in Buildbot, what is left of a line that has no end comes last.
  static const std::regex kEnd("program finished with exit code 0\nelapsedTime=[0-9.]+\n");
  std::smatch end;
  // Not over all of the rest: std::regex recurses for each character.
  const auto head = passed.tail.substr(0, 100);
  ASSERT_TRUE(std::regex_search(head, end, kEnd, std::regex_constants::match_continuous))
      << passed.run << " and " << head;
  const auto rest = passed.tail.substr(static_cast<std::size_t>(end.length(0)));
  EXPECT_EQ(passed.run + static_cast<std::int64_t>(rest.size()), kGigabyte);
  EXPECT_EQ(logchunk::crc32(passed.crc, rest), crc_of_a_gigabyte());

  for (const char* process :
       {"redis", "dispatcher", "worker-local", "web", "bus", "changesource", "scheduler", "notifier"}) {
    const auto bytes = peak_memory(up.pid_of(process));
    EXPECT_GT(bytes, 0) << process;
    EXPECT_LT(bytes, kMaxMemory) << process;
    RecordProperty(std::string("peak_mib_") + process, static_cast<int>(bytes >> 20));
  }
  // A finished log leaves Redis for the log store.
  store::BlockingClient redis({*store::parse_address(up.control("redis"))});
  wait_for(
      "the log to leave Redis", HeadraceUp::kLimit,
      [&] { return redis.read(store::count_builds_with_logs()) == 0; }, [&] { return up.everything_said(); });
  EXPECT_TRUE(redis.read(store::log_extents(BuildId{1})).empty());
  EXPECT_EQ(up.headrace({"force", "small", "--wait"}).status, 0);
  EXPECT_EQ(up.stop(), 0);
}

}  // namespace
}  // namespace headrace::test
