// SPDX-License-Identifier: Apache-2.0
// headrace-web as a process on a real Redis: events that the Redis functions write come out as REST.
#include <gtest/gtest.h>

#include <regex>

#include "config/configuration.hpp"
#include "http/client.hpp"
#include "logchunk/chunk.hpp"
#include "logstore/log_file.hpp"
#include "store/client.hpp"
#include "store/state/events.hpp"
#include "store/testing/harm.hpp"
#include "store/transitions/build.hpp"
#include "store/transitions/buildset.hpp"
#include "store/transitions/change.hpp"
#include "store/transitions/lease.hpp"
#include "store/transitions/log.hpp"
#include "store/transitions/site.hpp"
#include "support/program.hpp"
#include "support/redis_server.hpp"
#include "support/wait.hpp"
#include "web/testing/example_site.hpp"

namespace headrace::web {
namespace {

using namespace std::chrono_literals;
const std::string kNonce(32, 'a');

class WebProcess : public testing::Test {
 protected:
  WebProcess() { connect(); }

  void connect() {
    store_ = std::make_unique<store::RawClient>(store::Settings{*store::parse_address(redis_.address())});
    store_->load_functions();
  }
  template <class Transition>
  typename Transition::Answer commit(const Transition& transition) {
    auto out = store_->commit(transition);
    EXPECT_TRUE(out) << Transition::kFunction << ": " << (out ? "" : out.error().text);
    return out ? std::move(*out) : typename Transition::Answer{};
  }
  using NameList = std::vector<std::pair<store::NameKind, std::string>>;
  void apply_config(const std::string& text, NameList names) {
    const config::Files files{"headrace.lua", {{"headrace.lua", text}}};
    std::vector<config::Problem> problems;
    if (!config::Configuration::evaluate(files, problems))
      for (const auto& p : problems) ADD_FAILURE() << p.place << ": " << p.text;
    version_ = commit(store::ConfigApply{std::nullopt, "digest-" + std::to_string(version_.value + 1),
                                         config::pack(files), std::move(names)});
  }
  void configure(const std::string& more = "") {
    apply_config(R"(
site { title = "Acme" }
worker "w1" { slots = 4 }
builder "kernel" { workers = { "w1" }, max_builds_per_worker = 4, steps = { step.shell { command = "true" } } }
)" + more,
                 {{store::NameKind::builder, "kernel"},
                  {store::NameKind::builder, "docs"},
                  {store::NameKind::worker, "w1"}});
    session_ = commit(store::WorkerHello{"w1", "0123456789abcdef", "d1", 30s, {}, {}}).session;
  }

  ChangeId change() {
    return commit(store::ChangeAdd{"", std::nullopt, {example_change("main", "r1")}}).at(0);
  }
  RequestId request(ChangeId change) {
    auto set = example_buildset({"kernel"}, {change});
    set.requests[0].priority = 0;
    return commit(store::BuildsetAdd{"", version_, set}).first_request;
  }
  /// Starts a build of the request. @return its id
  BuildId start(RequestId request) {
    commit(store::Offer{version_, 5s, kNonce, {{request, "w1", session_, 4, 4}}});
    return commit(
               store::Accept{{request, kNonce}, "w1", session_, example_build(request.value, "kernel", {})})
        .build;
  }
  void step(RequestId request, int sequence, const wire::StepRecord& s) {
    commit(store::Progress{{request, kNonce}, sequence, {store::Progress::Step{s}}});
  }
  void finish(RequestId request, int sequence, Results results, std::vector<wire::StepRecord> steps = {}) {
    auto build = example_build(request.value, "kernel", results);
    build.steps = std::move(steps);
    commit(store::Progress{{request, kNonce}, sequence, {store::Progress::Finish{build}}});
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
  /// 0: the history does not know it (yet).
  std::int64_t builder_id(const std::string& name) {
    const auto found = json("builders/" + name)["builders"];
    return found.is_array() ? found.as_array().at(0)["builderid"].int_or(0) : 0;
  }
  std::int64_t total(const std::string& path) { return json(path)["meta"]["total"].int_or(-1); }
  /// Waits until the history has reached the end of the event log.
  void wait_until_level() {
    const auto head = store_->read(store::head()).number.value;
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
    commit(store::RequestCancel{cancelled, "no"});
    EXPECT_TRUE(waiting);
  }

  test::RedisServer redis_;
  test::Folder data_;
  std::unique_ptr<store::RawClient> store_;
  std::unique_ptr<test::Program> web_;
  std::string url_;
  ConfigVersion version_;
  SessionId session_;
};

TEST_F(WebProcess, ShowsWhatTheFunctionsWrote) {
  a_day();
  run_web();
  wait_until_level();
  EXPECT_EQ(builder_id("kernel"), 1);
  EXPECT_EQ(total("builds"), 2);
  EXPECT_EQ(json("builds/1")["builds"].as_array().at(0)["results"], json::Value(1));
  EXPECT_EQ(json("builds/2")["builds"].as_array().at(0)["complete"], json::Value(false));
  EXPECT_EQ(total("buildrequests?complete=false&claimed=false"), 1);
  EXPECT_EQ(total("buildrequests?results=6"), 1);
  EXPECT_EQ(json("workers/w1")["workers"].as_array().at(0)["connected_to"].as_array().size(), 1u);
  EXPECT_EQ(get("/healthz").status, 200);
  EXPECT_NE(get("/config").body.find("\"title\":\"Acme\""), std::string::npos);
  // The event log itself, by topic.
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
  // The same as one that reads the event log from its beginning.
  web_->signal(SIGTERM);
  EXPECT_EQ(web_->wait(10s), 0);
  std::filesystem::remove_all(data_ / "web");
  run_web();
  wait_until_level();
  EXPECT_EQ(everything(), gone_on);
}

TEST_F(WebProcess, ATrimmedEventLogIsMadeUpForByTheState) {
  a_day();
  run_web();
  wait_until_level();
  const std::string by_events = everything();
  web_->signal(SIGTERM);
  web_->wait(10s);
  std::filesystem::remove_all(data_ / "web");
  store::testing::trim_events(*store_, 1);
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
  EXPECT_EQ(builder_id("docs"), 2);
  web_->signal(SIGTERM);
  EXPECT_EQ(web_->wait(10s), 0);
  store::testing::forget_everything(*store_);
  apply_config(R"(
worker "w1" {}
builder "docs" { workers = { "w1" }, steps = { step.shell { command = "true" } } }
builder "kernel" { workers = { "w1" }, steps = { step.shell { command = "true" } } }
)",
               {{store::NameKind::builder, "docs"},
                {store::NameKind::builder, "kernel"},
                {store::NameKind::worker, "w1"}});
  run_web();
  wait_until_level();
  test::wait_for(
      "the other ids", 20s, [&] { return builder_id("docs") == 1 && builder_id("kernel") == 2; },
      [&] { return web_->output() + everything(); });
  EXPECT_EQ(total("builds"), 0) << "those of the other Redis";
}

TEST_F(WebProcess, AHistoryThatFellBehindTheTrimmedEventLogReadsTheState) {
  a_day();
  run_web();
  wait_until_level();
  web_->signal(SIGKILL);
  web_->wait(10s);
  const auto id = request(change());
  start(id);
  finish(id, 1, Results::success);
  store::testing::trim_events(*store_, 1);
  run_web();
  wait_until_level();
  EXPECT_EQ(total("builds"), 3);
  EXPECT_EQ(total("builds?complete=1"), 2);
}

TEST_F(WebProcess, AnErrorOfRedisIsNotAnEmptyEventLog) {
  a_day();
  run_web();
  wait_until_level();
  web_->signal(SIGKILL);
  web_->wait(10s);
  store::testing::refuse_ranges_of_the_log(*store_, true);
  run_web();
  test::wait_for(
      "the error", 20s, [&] { return web_->output().find("NOPERM") != std::string::npos; },
      [&] { return web_->output(); });
  EXPECT_EQ(get("/healthz").status, 503);
  EXPECT_EQ(total("builds"), 2) << "the history stays";
  store::testing::refuse_ranges_of_the_log(*store_, false);
  test::wait_for(
      "health", 30s, [&] { return get("/healthz").status == 200; }, [&] { return web_->output(); });
  EXPECT_EQ(total("builds"), 2);
  EXPECT_EQ(web_->output().find("begun anew"), std::string::npos) << web_->output();
}

TEST_F(WebProcess, AnEventLogThatWentBackIsReadAnew) {
  a_day();
  run_web();
  wait_until_level();
  EXPECT_EQ(total("builds"), 2);
  // Another life of Redis: fewer events, other tags, and connections that break.
  store::testing::forget_everything(*store_);
  version_ = {};
  configure();
  const auto c = change();
  request(c);
  store::testing::cut_connections(*store_);
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
  test::wait_for("the builder", 20s, [&] { return total("builders") == 2 && builder_id("docs"); });
  EXPECT_EQ(json("builders/docs")["builders"].as_array().at(0)["masterids"].as_array().size(), 1u);
  EXPECT_EQ(builder_id("docs"), 2);
}

TEST_F(WebProcess, ReadsALogFromRedisAndThenFromItsFile) {
  configure();
  const auto id = request(change());
  const auto build = start(id);
  step(id, 1, example_step(0, "make", {}, 0));
  run_web();
  wait_until_level();
  const std::string path = "builds/" + std::to_string(build.value) + "/steps/0/logs/stdio/contents";
  EXPECT_EQ(json(path)["logchunks"].as_array().at(0)["content"], json::Value(""));

  // Two chunks of three lines, as a dispatcher appends them.
  const std::vector<std::string> texts{"hmake\noone\netwo\n", "othree\nofour\nofive\n"};
  std::int64_t offset = 0;
  std::uint32_t crc = 0;
  for (const auto& text : texts) {
    crc = logchunk::crc32(crc, text);
    const auto size = static_cast<std::int64_t>(text.size());
    commit(store::LogAppend{build, kNonce, {0, 0}, offset, size, 3, crc, logchunk::encode(text, 3, {})});
    offset += size;
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
  logstore::Writer writer(data_ / "logs", {build, 0, 0});
  for (const auto& text : texts) ASSERT_TRUE(writer.append(logchunk::encode(text, 3, {})));
  writer.finish();
  commit(store::LogDrop{build});
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
