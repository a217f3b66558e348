// SPDX-License-Identifier: Apache-2.0
// headrace-web as a process on a real Redis: events that the Redis functions write come out as REST.
#include "store/state/build.hpp"
#include "web/test_web_process.hpp"

namespace headrace::web {
namespace {

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
  EXPECT_EQ(everything(), by_events);
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
  done.logs[0].size_bytes = offset;
  step(id, 2, done);
  finish(id, 3, Results::success, {done});
  logstore::Writer writer(data_ / "logs", {build, 0, 0, (*store_->read(store::build(build))).started_ms});
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
