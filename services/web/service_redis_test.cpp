// SPDX-License-Identifier: Apache-2.0
// headrace-web as a process on a real Redis: events that the Redis functions write come out as REST.
#include <gtest/gtest.h>

#include <regex>

#include "config/configuration.hpp"
#include "http/client.hpp"
#include "logchunk/chunk.hpp"
#include "logstore/log_file.hpp"
#include "store/client.hpp"
#include "support/program.hpp"
#include "support/redis_server.hpp"
#include "support/wait.hpp"
#include "web/history/fixture.hpp"
#include "wire/codec.hpp"

namespace headrace::web {
namespace {

using namespace std::chrono_literals;
const std::string kNonce(32, 'a');

class WebProcess : public testing::Test {
 protected:
  WebProcess() { connect(); }

  void connect() {
    store_ =
        std::make_unique<store::BlockingClient>(store::Settings{*store::parse_address(redis_.address())});
    store_->load_functions();
  }
  json::Value call(const std::string& function, std::vector<std::string> args) {
    const auto reply = store_->call({function, std::move(args)});
    EXPECT_TRUE(reply.ok) << function << ": " << reply.refusal;
    return reply.ok ? *wire::decode_value(reply.value) : json::Value();
  }
  void configure(const std::string& more = "") {
    const config::Files files{"headrace.lua", {{"headrace.lua", R"(
site { title = "Acme" }
worker "w1" { slots = 4 }
builder "kernel" { workers = { "w1" }, max_builds_per_worker = 4, steps = { step.shell { command = "true" } } }
)" + more}}};
    std::vector<config::Problem> problems;
    if (!config::Configuration::evaluate(files, problems))
      for (const auto& p : problems) ADD_FAILURE() << p.place << ": " << p.text;
    version_ = call("config_apply", {"-1", "digest-" + std::to_string(version_ + 1), config::pack(files), "3",
                                     "builder", "kernel", "builder", "docs", "worker", "w1"})
                   .as_array()[0]
                   .as_int();
    session_ =
        call("worker_hello", {"w1", "0123456789abcdef", "d1", "30000", wire::encode(wire::WorkerInfo{}), "0"})
            .as_array()[0]
            .as_int();
  }

  std::int64_t change() {
    return call("change_add", {"", "", "0", "", "", "", "1", wire::encode(example_change("main", "r1"))})
        .as_array()[0]
        .as_int();
  }
  std::int64_t request(std::int64_t change) {
    return call("buildset_add",
                {"", std::to_string(version_), wire::encode(example_buildset({"kernel"}, {ChangeId{change}})),
                 "1", "kernel", "0"})
        .as_array()[1]
        .as_int();
  }
  /// Starts a build of the request. @return its id
  std::int64_t start(std::int64_t request) {
    const auto id = std::to_string(request), session = std::to_string(session_);
    call("offer", {std::to_string(version_), "5000", kNonce, "1", id, "w1", session, "4", "4"});
    auto build = example_build(request, "kernel", {});
    return call("accept", {id, kNonce, "w1", session, wire::encode(build)}).as_array()[0].as_int();
  }
  void step(std::int64_t request, int sequence, const wire::StepRecord& s) {
    call("progress", {std::to_string(request), kNonce, std::to_string(sequence), "1", "step",
                      std::to_string(s.number), s.results ? "1" : "0", wire::encode(s)});
  }
  void finish(std::int64_t request, int sequence, Results results, std::vector<wire::StepRecord> steps = {}) {
    auto build = example_build(request, "kernel", results);
    build.steps = std::move(steps);
    call("progress", {std::to_string(request), kNonce, std::to_string(sequence), "1", "finish",
                      std::to_string(static_cast<int>(results)), wire::encode(build)});
  }

  void run_web() {
    web_ = std::make_unique<test::Program>(
        std::vector<std::string>{std::string(HEADRACE_BIN_DIR) + "/headrace-web", "--redis", redis_.address(),
                                 "--data", data_.path(), "--listen", "127.0.0.1:0"});
    url_ = "http://" + *test::wait_for("the web's address", 20s, [&]() -> std::optional<std::string> {
             std::smatch found;
             const std::string output = web_->output();
             if (!std::regex_search(output, found, std::regex("listening address=(\\S+)")))
               return std::nullopt;
             return found[1].str();
           });
  }
  http::Reply get(const std::string& path) {
    http::Call call;
    call.url = url_ + path;
    call.headers = {{"Accept", "application/json"}};
    return http::call_and_wait(call);
  }
  json::Value json(const std::string& path) {
    return json::parse(get("/api/v2/" + path).body).value_or(nullptr);
  }
  std::int64_t total(const std::string& path) { return json(path)["meta"]["total"].int_or(-1); }
  /// Waits until the history has reached the end of the log.
  void wait_until_level() {
    const auto head = std::stoll(store_->command({"HGET", store_->keys()("head"), "n"}).text);
    test::wait_for(
        "event " + std::to_string(head), 20s,
        [&] {
          std::smatch found;
          const std::string metrics = get("/metrics").body;
          return std::regex_search(metrics, found, std::regex("headrace_web_event_number (\\d+)")) &&
                 std::stoll(found[1]) >= head;
        },
        [&] { return web_->output(); });
  }
  /// All that REST shows, as text.
  std::string everything() {
    std::string out;
    for (const char* path : {"changes", "buildsets", "buildrequests", "builds?property=*", "builders",
                             "workers", "schedulers", "sourcestamps"})
      out += json::write(json(path)) + "\n";
    for (std::int64_t id = 1; id <= total("builds"); ++id) {
      out += json::write(json("builds/" + std::to_string(id) + "/steps")) + "\n";
      out += json::write(json("builds/" + std::to_string(id) + "/changes")) + "\n";
      out += json::write(json("builds/" + std::to_string(id) + "/steps/0/logs")) + "\n";
    }
    return out;
  }
  // A finished build, a running one with a step, a waiting request, a cancelled one.
  void a_day() {
    configure();
    const auto c = change();
    const auto done = request(c), running = request(c), waiting = request(c), cancelled = request(c);
    start(done);
    step(done, 1, example_step(0, "git", {}, 0));
    step(done, 2, example_step(0, "git", Results::success, 12));
    finish(done, 3, Results::warnings, {example_step(0, "git", Results::success, 12)});
    start(running);
    step(running, 1, example_step(0, "git", {}, 3));
    call("request_cancel", {std::to_string(cancelled), wire::encode_value(json::Object{{"reason", "no"}})});
    EXPECT_GT(waiting, 0);
  }

  test::RedisServer redis_;
  test::Folder data_;
  std::unique_ptr<store::BlockingClient> store_;
  std::unique_ptr<test::Program> web_;
  std::string url_;
  std::int64_t version_ = 0, session_ = 0;
};

TEST_F(WebProcess, ShowsWhatTheFunctionsWrote) {
  a_day();
  run_web();
  wait_until_level();
  EXPECT_EQ(json("builders/kernel")["builders"].as_array().at(0)["builderid"], json::Value(1));
  EXPECT_EQ(total("builds"), 2);
  EXPECT_EQ(json("builds/1")["builds"].as_array().at(0)["results"], json::Value(1));
  EXPECT_EQ(json("builds/2")["builds"].as_array().at(0)["complete"], json::Value(false));
  EXPECT_EQ(total("buildrequests?complete=false&claimed=false"), 1);
  EXPECT_EQ(total("buildrequests?results=6"), 1);
  EXPECT_EQ(json("workers/w1")["workers"].as_array().at(0)["connected_to"].as_array().size(), 1u);
  EXPECT_EQ(get("/healthz").status, 200);
  EXPECT_NE(get("/config").body.find("\"title\":\"Acme\""), std::string::npos);
  // The log of events itself, by topic.
  const auto events = json("events?topic=build.finished")["events"].as_array();
  ASSERT_EQ(events.size(), 1u);
  EXPECT_EQ(events[0]["topic"], json::Value("build.finished.kernel"));
  EXPECT_EQ(events[0]["body"]["worker"], json::Value("w1"));
}

TEST_F(WebProcess, GoesOnWhereItWasKilled) {
  a_day();
  run_web();
  wait_until_level();
  web_->signal(SIGKILL);
  web_->wait(10s);
  const auto id = request(change());
  start(id);
  finish(id, 1, Results::success);
  run_web();
  EXPECT_EQ(web_->output().find("begun anew"), std::string::npos) << web_->output();
  wait_until_level();
  EXPECT_EQ(total("builds"), 3);
  const std::string gone_on = everything();
  // The same as one that reads the log from its beginning.
  web_->signal(SIGTERM);
  EXPECT_EQ(web_->wait(10s), 0);
  std::filesystem::remove_all(data_ / "web");
  run_web();
  wait_until_level();
  EXPECT_EQ(everything(), gone_on);
}

TEST_F(WebProcess, ATrimmedLogIsMadeUpForByTheState) {
  a_day();
  run_web();
  wait_until_level();
  const std::string by_events = everything();
  web_->signal(SIGTERM);
  web_->wait(10s);
  std::filesystem::remove_all(data_ / "web");
  store_->command({"XTRIM", store_->keys()("events"), "MAXLEN", "1"});
  run_web();
  wait_until_level();
  EXPECT_NE(web_->output().find("reading the state instead"), std::string::npos) << web_->output();
  // Everything is the same but the time at which a sourcestamp was first seen: the state does not keep it.
  const auto without = [](const std::string& text) {
    return std::regex_replace(text, std::regex("\"created_at\":[0-9]+"), "");
  };
  EXPECT_EQ(without(everything()), without(by_events));
}

TEST_F(WebProcess, AnEmptiedRedisWithOtherIdsBeginsAHistoryAnew) {
  a_day();
  run_web();
  wait_until_level();
  EXPECT_EQ(json("builders/docs")["builders"].as_array().at(0)["builderid"], json::Value(2));
  web_->signal(SIGTERM);
  EXPECT_EQ(web_->wait(10s), 0);
  store_->command({"FLUSHDB"});
  call("config_apply", {"-1", "other", config::pack({"headrace.lua", {{"headrace.lua", R"(
worker "w1" {}
builder "docs" { workers = { "w1" }, steps = { step.shell { command = "true" } } }
builder "kernel" { workers = { "w1" }, steps = { step.shell { command = "true" } } }
)"}}}),
                        "3", "builder", "docs", "builder", "kernel", "worker", "w1"});
  run_web();
  wait_until_level();
  test::wait_for(
      "the other ids", 20s,
      [&] {
        return json("builders/docs")["builders"].as_array().at(0)["builderid"] == json::Value(1) &&
               json("builders/kernel")["builders"].as_array().at(0)["builderid"] == json::Value(2);
      },
      [&] { return web_->output() + everything(); });
  EXPECT_EQ(total("builds"), 0) << "those of the other Redis";
}

TEST_F(WebProcess, AHistoryThatFellBehindTheTrimmedLogReadsTheState) {
  a_day();
  run_web();
  wait_until_level();
  web_->signal(SIGKILL);
  web_->wait(10s);
  const auto id = request(change());
  start(id);
  finish(id, 1, Results::success);
  store_->command({"XTRIM", store_->keys()("events"), "MAXLEN", "1"});
  run_web();
  wait_until_level();
  EXPECT_EQ(total("builds"), 3);
  EXPECT_EQ(total("builds?complete=1"), 2);
}

TEST_F(WebProcess, ALogThatWentBackIsReadAnew) {
  a_day();
  run_web();
  wait_until_level();
  EXPECT_EQ(total("builds"), 2);
  // Another life of Redis: fewer events, other tags, and connections that break.
  store_->command({"FLUSHALL"});
  version_ = 0;
  configure();
  const auto c = change();
  request(c);
  store_->command({"CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"});
  test::wait_for(
      "the new history", 30s, [&] { return total("builds") == 0 && total("changes") == 1; },
      [&] { return web_->output(); });
  EXPECT_EQ(total("buildrequests"), 1);
}

TEST_F(WebProcess, AnswersFromItsHistoryWhileRedisIsAway) {
  a_day();
  run_web();
  wait_until_level();
  redis_.kill();
  test::wait_for("the loss to be noticed", 20s, [&] { return get("/healthz").status == 503; });
  EXPECT_EQ(total("builds"), 2);
  redis_.start();
  test::wait_for(
      "health", 30s, [&] { return get("/healthz").status == 200; }, [&] { return web_->output(); });
}

TEST_F(WebProcess, ANewBuilderOfANewConfigurationHasItsId) {
  configure();
  run_web();
  wait_until_level();
  configure("builder \"docs\" { workers = { \"w1\" }, steps = { step.shell { command = \"true\" } } }\n");
  wait_until_level();
  test::wait_for("the builder", 20s,
                 [&] { return total("builders") == 2 && !json("builders/docs")["builders"].is_null(); });
  EXPECT_EQ(json("builders/docs")["builders"].as_array().at(0)["masterids"].as_array().size(), 1u);
  EXPECT_EQ(json("builders/docs")["builders"].as_array().at(0)["builderid"], json::Value(2));
}

TEST_F(WebProcess, ReadsALogFromRedisAndThenFromItsFile) {
  configure();
  const auto id = request(change());
  const auto build = start(id);
  step(id, 1, example_step(0, "make", {}, 0));
  run_web();
  wait_until_level();
  const std::string path = "builds/" + std::to_string(build) + "/steps/0/logs/stdio/contents";
  EXPECT_EQ(json(path)["logchunks"].as_array().at(0)["content"], json::Value(""));

  // Two chunks of three lines, as a dispatcher appends them.
  const std::vector<std::string> texts{"hmake\noone\netwo\n", "othree\nofour\nofive\n"};
  const std::string prefix = store_->keys().log_prefix(BuildId{build});
  std::int64_t offset = 0;
  std::uint32_t crc = 0;
  for (const auto& text : texts) {
    crc = logchunk::crc32(crc, text);
    const auto reply =
        store_->call({"log_append",
                      {prefix, kNonce, "0.0", std::to_string(offset), std::to_string(text.size()), "3",
                       std::to_string(crc), logchunk::encode(text, 3, {})}});
    ASSERT_TRUE(reply.ok) << reply.refusal;
    offset += static_cast<std::int64_t>(text.size());
    if (&text == &texts.front()) {
      EXPECT_EQ(json(path)["logchunks"].as_array().at(0)["content"], json::Value("hmake\noone\netwo\n"));
    }
  }
  EXPECT_EQ(json(path + "?offset=2&limit=3")["logchunks"].as_array().at(0)["content"],
            json::Value("etwo\nothree\nofour\n"));

  // The end: moved to its file, dropped from Redis.
  auto done = example_step(0, "make", Results::success, 6);
  step(id, 2, done);
  finish(id, 3, Results::success, {done});
  logstore::Writer writer(data_ / "logs", {BuildId{build}, 0, 0});
  for (const auto& text : texts) ASSERT_TRUE(writer.append(logchunk::encode(text, 3, {})));
  writer.finish();
  ASSERT_TRUE(store_->call({"log_drop", {prefix}}).ok);
  EXPECT_EQ(json(path + "?offset=2&limit=3")["logchunks"].as_array().at(0)["content"],
            json::Value("etwo\nothree\nofour\n"));
  wait_until_level();
  EXPECT_EQ(json(path + "?offset=5")["logchunks"].as_array().at(0)["content"], json::Value("ofive\n"));
}

TEST_F(WebProcess, SaysWhatIsWrongWithItsSettings) {
  const std::string program = std::string(HEADRACE_BIN_DIR) + "/headrace-web";
  const auto without_data = test::run({program, "--redis", redis_.address(), "--listen", "127.0.0.1:0"});
  EXPECT_EQ(without_data.status, 2);
  EXPECT_NE((without_data.err + without_data.out).find("--data"), std::string::npos);
  run_web();
  const auto taken =
      test::run({program, "--redis", redis_.address(), "--data", data_.path(), "--listen", "127.0.0.1:0"});
  EXPECT_EQ(taken.status, 2);
  EXPECT_NE((taken.err + taken.out).find("history.sqlite.lock"), std::string::npos) << taken.err;
}

}  // namespace
}  // namespace headrace::web
