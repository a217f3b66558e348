// SPDX-License-Identifier: Apache-2.0
#include "web/app/web_app.hpp"

#include "web/testing/running_web_app.hpp"

namespace headrace::web {
namespace {

TEST(WebApp, ServesThePageWithAnEtag) {
  RunningWebApp app;
  EXPECT_NE(app.get("/").body.find("<!doctype html>"), std::string::npos);
  const auto ask = [&](const std::string& headers) {
    http::RawClient client(app.port());
    client.send("GET /app.js HTTP/1.1\r\nHost: h\r\n" + headers + "\r\n");
    return client.read_answer();
  };
  const auto [head, body] = ask("");
  EXPECT_NE(head.find("Content-Type: text/javascript"), std::string::npos) << head;
  EXPECT_FALSE(body.empty());
  const auto at = head.find("ETag: ");
  ASSERT_NE(at, std::string::npos) << head;
  const std::string etag = head.substr(at + 6, head.find("\r\n", at) - at - 6);
  const auto [again, nothing] = ask("If-None-Match: " + etag + "\r\n");
  EXPECT_NE(again.find("304"), std::string::npos) << again;
}

TEST(WebApp, TellsThePageAboutTheSite) {
  RunningWebApp app;
  const auto config = app.json("/config");
  EXPECT_EQ(config["title"], json::Value("Acme"));
  EXPECT_EQ(config["version"], json::Value(HEADRACE_VERSION));
}

TEST(WebApp, AnswersFromTheSameHistoryAfterARestart) {
  RunningWebApp app;
  app.log.change(1, example_change("main", "r1"));
  app.apply(app.log.take());
  app.stop();
  app.start();
  EXPECT_EQ(app.app().cursor().number.value, 1);
  EXPECT_EQ(app.json("/api/v2/changes")["meta"]["total"], json::Value(1));
}

TEST(WebApp, OneProcessKeepsOneHistory) {
  RunningWebApp app;
  boost::asio::io_context io;
  const std::string path = app.logs().parent_path() / "web" / "history.sqlite";
  try {
    History second(io, path);
    FAIL() << "opened a history that another one writes";
  } catch (const std::runtime_error& e) {
    EXPECT_NE(std::string(e.what()).find(path), std::string::npos) << e.what();
  }
}

}  // namespace
}  // namespace headrace::web
