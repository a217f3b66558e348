// SPDX-License-Identifier: Apache-2.0
// Live events over real sockets.
#include "web/sse/event_streams.hpp"

#include "web/testing/running_web_app.hpp"

namespace headrace::web {
namespace {

/// One event as it came: name, id ("" none), data.
struct Heard {
  std::string name, id, data;
  json::Value json() const { return json::parse(data).value_or(nullptr); }
  std::string key() const {
    std::string out;
    const auto value = json();
    if (!value["key"].is_array()) return name;
    for (const auto& part : value["key"].as_array()) out += (out.empty() ? "" : "/") + part.string_or("?");
    return out;
  }
};

/// A listener that reads one event at a time.
class Ear {
 public:
  Ear(int port, const std::string& path, const std::string& headers = "", int receive_buffer = 0)
      : client_(port, receive_buffer) {
    client_.send("GET /sse/listen/" + path + " HTTP/1.0\r\nHost: h\r\n" + headers + "\r\n");
    head = client_.read_until("\r\n\r\n");
    hello = next();
    uuid = hello.data;
  }
  Heard next() {
    Heard h;
    const std::string block = client_.read_until("\n\n");
    std::size_t at = 0;
    while (at < block.size()) {
      const auto end = block.find('\n', at);
      const std::string line = block.substr(at, end - at);
      const auto colon = line.find(": ");
      if (line.substr(0, colon) == "event") h.name = line.substr(colon + 2);
      if (line.substr(0, colon) == "id") h.id = line.substr(colon + 2);
      if (line.substr(0, colon) == "data") h.data = line.substr(colon + 2);
      if (end == std::string::npos) break;
      at = end + 1;
    }
    return h;
  }
  http::RawClient& client() { return client_; }

  std::string head;
  Heard hello;
  std::string uuid;

 private:
  http::RawClient client_;
};

class EventStreamsOf : public testing::Test {
 protected:
  void build(std::int64_t id, std::optional<Results> results) {
    auto& log = app_.log;
    if (!results)
      log.build_new(id, id, 1, example_build(id, "kernel", {}));
    else
      log.build_finished(id, id, 1, example_build(id, "kernel", results));
    app_.apply(log.take());
  }
  void change(std::int64_t id) {
    app_.log.change(id, example_change("main", "r" + std::to_string(id)));
    app_.apply(app_.log.take());
  }
  RunningWebApp app_;
};

TEST_F(EventStreamsOf, TellsWhatWasAskedForAndNothingElse) {
  Ear ear(app_.port(), "builds/*/new");
  EXPECT_NE(ear.head.find("Content-Type: text/event-stream"), std::string::npos) << ear.head;
  EXPECT_EQ(ear.hello.name, "handshake");
  EXPECT_EQ(ear.uuid.size(), 36u);
  change(1);
  build(7, {});
  const auto heard = ear.next();
  EXPECT_EQ(heard.name, "event");
  EXPECT_EQ(heard.key(), "builds/7/new");
  EXPECT_EQ(heard.id, "2");
  EXPECT_EQ(heard.json()["message"], app_.json("/api/v2/builds/7")["builds"].as_array().at(0));
}

TEST_F(EventStreamsOf, AStarIsExactlyOneSegment) {
  Ear ear(app_.port(), "builders/1/builds/*/*");
  build(7, {});
  EXPECT_EQ(ear.next().key(), "builders/1/builds/7/new");  // not builds/7/new, not …/buildrequests/…
  build(7, Results::success);
  EXPECT_EQ(ear.next().key(), "builders/1/builds/7/finished");
}

TEST_F(EventStreamsOf, PathsAreAddedAndRemoved) {
  Ear ear(app_.port(), "changes/*/new");
  EXPECT_EQ(app_.get("/sse/add/" + ear.uuid + "/builds/*/finished").status, 200);
  EXPECT_EQ(app_.get("/sse/remove/" + ear.uuid + "/changes/*/new").status, 200);
  change(1);
  build(7, Results::failure);
  EXPECT_EQ(ear.next().key(), "builds/7/finished");
  EXPECT_EQ(app_.get("/sse/add/nobody/builds/*/new").status, 404);
  EXPECT_EQ(app_.get("/sse/shout/x").status, 404);
}

TEST_F(EventStreamsOf, WhoComesBackHearsWhatItMissed) {
  {
    Ear ear(app_.port(), "*/*/*");
    change(1);
    EXPECT_EQ(ear.next().id, "1");
  }
  change(2);
  build(7, {});
  Ear again(app_.port(), "*/*/*", "Last-Event-ID: 1\r\n");
  EXPECT_EQ(again.hello.id, "");
  EXPECT_EQ(again.next().key(), "changes/2/new");
  EXPECT_EQ(again.next().key(), "builds/7/new");
  change(3);
  EXPECT_EQ(again.next().key(), "changes/3/new");
}

TEST_F(EventStreamsOf, TheIdStandsAtTheLastPartOfItsEvent) {
  Ear ear(app_.port(), "?path=builds/*/*&path=steps/*/*");
  auto done = example_build(7, "kernel", Results::success);
  done.steps = {example_step(0, "git", Results::success, 1)};
  app_.log.build_finished(7, 7, 1, done);
  app_.apply(app_.log.take());
  std::vector<std::string> keys, ids;
  for (int i = 0; i < 5; ++i) {
    const auto h = ear.next();
    keys.push_back(h.key());
    ids.push_back(h.id);
  }
  EXPECT_EQ(keys, (std::vector<std::string>{"builds/7/new", "steps/28672/new", "steps/28672/started",
                                            "steps/28672/finished", "builds/7/finished"}));
  EXPECT_EQ(ids, (std::vector<std::string>{"", "", "", "", "1"}));
}

TEST_F(EventStreamsOf, WhoWasAwayTooLongReadsAnew) {
  {
    Ear ear(app_.port(), "changes/*/new");
    change(1);
    ear.next();
  }
  app_.stop();  // the ring dies with the process, the history does not
  app_.start();
  app_.log.change(2, example_change("main", "r2"));
  app_.apply(app_.log.take());
  Ear behind(app_.port(), "changes/*/new", "Last-Event-ID: 1\r\n");
  const auto reset = behind.next();
  EXPECT_EQ(reset.name, "reset");
  EXPECT_EQ(reset.id, "2");
  // A client that has every event gets none again.
  Ear level(app_.port(), "changes/*/new", "Last-Event-ID: 2\r\n");
  change(3);
  EXPECT_EQ(level.next().key(), "changes/3/new");
  // The id is from the future: the event log went back.
  Ear ahead(app_.port(), "changes/*/new", "Last-Event-ID: 99\r\n");
  EXPECT_EQ(ahead.next().name, "reset");
}

TEST_F(EventStreamsOf, ARestartedHistoryIsToldToEverybody) {
  Ear ear(app_.port(), "changes/*/new");
  app_.wait([&](auto done) { app_.app().reset(done); });
  EXPECT_EQ(ear.next().name, "reset");
}

TEST_F(EventStreamsOf, ASlowListenerIsClosedAndTheOthersHearOn) {
  Ear slow(app_.port(), "changes/*/new", "", 4096), quick(app_.port(), "builds/*/finished");
  auto large = example_change("main", "r");
  large.comments = std::string(50'000, 'x');
  // More than the socket's buffers and the bound take together.
  for (int i = 1; i <= 240; ++i) {
    app_.log.change(i, large);
    app_.apply(app_.log.take());
  }
  std::size_t listeners = 2;
  app_.wait([&](auto done) {
    listeners = app_.app().listeners();
    done();
  });
  EXPECT_EQ(listeners, 1u);
  build(7, Results::success);
  EXPECT_EQ(quick.next().key(), "builds/7/finished");
}

TEST_F(EventStreamsOf, AListenerThatGoesIsForgotten) {
  { Ear ear(app_.port(), "changes/*/new"); }
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  std::size_t listeners = 1;
  while (listeners && std::chrono::steady_clock::now() < deadline)
    app_.wait([&](auto done) {
      listeners = app_.app().listeners();
      done();
    });
  EXPECT_EQ(listeners, 0u);
}

TEST_F(EventStreamsOf, GrowingLogsAreAnnouncedWithoutAnId) {
  app_.log.build_new(1, 1, 1, example_build(1, "kernel", {}));
  app_.log.step(1, "kernel", example_step(0, "git", {}, 0));
  app_.apply(app_.log.take());
  Ear ear(app_.port(), "logs/*/append");
  app_.apply({}, {{BuildId{1}, 0, 0, 40, 400}});
  const auto heard = ear.next();
  EXPECT_EQ(heard.key(), "logs/262144/append");
  EXPECT_EQ(heard.id, "");
  EXPECT_EQ(heard.json()["message"]["num_lines"], json::Value(40));
}

// Drives the streams without sockets, for what depends on time and numbers.
class Deaf : public http::Stream {
 public:
  std::size_t write(std::string bytes) override {
    text += bytes;
    return 0;
  }
  void finish() override {}
  bool closed() const override { return false; }
  void on_closed(std::function<void()>) override {}
  void on_drained(std::function<void()>) override {}
  std::string text;
};
struct Responds : http::Responder {
  void send(http::Response) override {}
  http::StreamPtr stream(http::Response) override { return out; }
  std::shared_ptr<Deaf> out = std::make_shared<Deaf>();
};

Applied applied(std::int64_t number) {
  Applied a;
  a.cursor = {EventNumber{number}, "t"};
  a.notifications = {{EventNumber{number},
                      {"changes/" + std::to_string(number) + "/new"},
                      std::make_shared<std::string>("{}")}};
  return a;
}

TEST(HubAlone, TheRingForgetsItsOldestAndKnowsIt) {
  EventStreams streams({});
  for (std::int64_t i = 1; i <= static_cast<std::int64_t>(EventStreams::kRing) + 5; ++i)
    streams.publish(applied(i), true);
  const auto resume = [&](const std::string& from) {
    http::Request request;
    request.method = "GET";
    request.path = "/sse/listen/changes/*/new";
    request.headers = {{"Last-Event-ID", from}};
    auto responds = std::make_shared<Responds>();
    streams.handle(request, responds);
    const std::string& text = responds->out->text;
    return text.find("event: reset") != std::string::npos
               ? -1
               : static_cast<int>(std::count(text.begin(), text.end(), '{'));
  };
  EXPECT_EQ(resume("4"), -1);
  EXPECT_EQ(resume("5"), 2 * static_cast<int>(EventStreams::kRing));  // "data: {…,"message":{}}"
  EXPECT_EQ(resume(std::to_string(EventStreams::kRing + 4)), 2);
  EXPECT_EQ(resume("nonsense"), -1);
}

TEST(HubAlone, PingsCarryTheNumberReached) {
  EventStreams streams({});
  const MonoTime start{seconds(1000)};
  EXPECT_FALSE(streams.wants_notifications(start));
  http::Request request;
  request.method = "GET";
  request.path = "/sse/listen/builds/*/new";
  auto responds = std::make_shared<Responds>();
  streams.handle(request, responds);
  streams.publish(applied(41), true);
  streams.tick(start);
  EXPECT_NE(responds->out->text.find("event: ping\nid: 41\n"), std::string::npos);
  responds->out->text.clear();
  streams.tick(start + EventStreams::kPing - seconds(1));
  EXPECT_EQ(responds->out->text, "");
  streams.tick(start + EventStreams::kPing);
  EXPECT_NE(responds->out->text.find("event: ping"), std::string::npos);
}

TEST_F(EventStreamsOf, BoundsThePathsOfAListener) {
  std::string many = "/sse/listen/x?path=a/0";
  for (int i = 1; i < 49; ++i) many += "&path=a/" + std::to_string(i);
  Ear ear(app_.port(), many.substr(12));
  EXPECT_EQ(ear.hello.name, "handshake");
  EXPECT_EQ(app_.get("/sse/add/" + ear.uuid + "/a/50").status, 400);
  EXPECT_EQ(app_.get("/sse/add/" + ear.uuid + "/a/1").status, 200);
  EXPECT_EQ(app_.get(many + "&path=a/49").status, 400);
  EXPECT_EQ(app_.get("/sse/listen/x/" + std::string(300, 'y')).status, 400);
}

TEST_F(EventStreamsOf, ALargeMessageIsAReset) {
  Ear ear(app_.port(), "changes/*/new"), other(app_.port(), "builds/*/new");
  auto large = example_change("main", "r1");
  large.files.assign(5000, "some/folder/with/a/file.cpp");
  app_.log.change(1, large);
  app_.apply(app_.log.take());
  EXPECT_EQ(ear.next().name, "reset");
  build(7, {});
  EXPECT_EQ(other.next().key(), "builds/7/new");
  // And for who comes back.
  Ear again(app_.port(), "changes/*/new", "Last-Event-ID: 0\r\n");
  EXPECT_EQ(again.next().name, "reset");
}

TEST(HubAlone, ClosesTheListenerOfManyPathsWhenThereAreTooMany) {
  EventStreams streams({});
  const auto listen = [&](int paths) {
    http::Request request;
    request.method = "GET";
    request.path = "/sse/listen/";
    for (int i = 0; i < paths; ++i) request.query.emplace_back("path", "p/" + std::to_string(i));
    auto responds = std::make_shared<Responds>();
    streams.handle(request, responds);
    return responds;
  };
  const auto honest = listen(8);
  std::vector<std::shared_ptr<Responds>> greedy;
  for (int i = 0; i < 300; ++i) greedy.push_back(listen(50));
  EXPECT_LE(streams.listeners(), 201u);
  EXPECT_GE(streams.listeners(), 199u);
  EXPECT_NE(honest->out->text.find("handshake"), std::string::npos);
  streams.tick(MonoTime(seconds(1000)));
  EXPECT_NE(honest->out->text.find("ping"), std::string::npos);
}

TEST(HubAlone, WhoListensWhileABatchGoesByUnseenReadsAnew) {
  EventStreams streams({});
  http::Request request;
  request.method = "GET";
  request.path = "/sse/listen/changes/*/new";
  auto responds = std::make_shared<Responds>();
  streams.handle(request, responds);  // after the batch was begun without notifications, before it was done
  Applied silent;
  silent.cursor = {EventNumber{9}, "t"};
  streams.publish(silent, false);
  EXPECT_NE(responds->out->text.find("event: reset\nid: 9\n"), std::string::npos) << responds->out->text;
}

TEST(HubAlone, WithoutNotificationsNobodyCanResumeAcross) {
  EventStreams streams({});
  streams.publish(applied(1), true);
  Applied silent;
  silent.cursor = {EventNumber{2}, "t"};
  streams.publish(silent, false);
  http::Request request;
  request.method = "GET";
  request.path = "/sse/listen/changes/*/new";
  request.headers = {{"Last-Event-ID", "1"}};
  auto responds = std::make_shared<Responds>();
  streams.handle(request, responds);
  EXPECT_NE(responds->out->text.find("event: reset"), std::string::npos);
}

}  // namespace
}  // namespace headrace::web
