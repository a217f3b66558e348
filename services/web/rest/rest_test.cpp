// SPDX-License-Identifier: Apache-2.0
// REST over a real socket: shapes of the entities, errors, and the rules of the wire.
#include <algorithm>

#include "web/testing/running_web_app.hpp"
#include "wire/codec.hpp"

namespace headrace::web {
namespace {

class RestOf : public testing::Test {
 protected:
  RestOf() {
    auto& log = app_.log;
    log.now_ms = 1'700'000'000'000;
    wire::WorkerInfo info;
    info.name = "w1";
    info.version = "0.1.0";
    info.facts = {{"host", "mill"}};
    log.worker_connected(1, info);
    log.change(1, example_change("main", "r1"));
    log.change(2, example_change("main", "r2"));
    log.buildset(1, 1, example_buildset({"kernel", "docs"}, {ChangeId{1}, ChangeId{2}}));
    log.build_new(1, 1, 1, example_build(1, "kernel", {}));
    auto done = example_build(1, "kernel", Results::success);
    done.steps = {example_step(0, "git", Results::success, 12)};
    log.build_finished(1, 1, 1, done);
    log.build_new(2, 1, 1, example_build(2, "docs", {}));
    app_.apply(log.take());
  }

  static std::vector<std::string> keys(const json::Value& object) {
    std::vector<std::string> out;
    for (const auto& [key, value] : object.as_object()) out.push_back(key);
    return out;
  }
  /// The error text of an answer, which must have this status.
  std::string error(const std::string& target, int status) {
    const auto r = app_.get(target);
    EXPECT_EQ(r.status, status) << target << " " << r.body;
    return json::parse(r.body).value_or(nullptr)["error"].string_or("no error: " + r.body);
  }

  RunningWebApp app_;
};

using Keys = std::vector<std::string>;

TEST_F(RestOf, AFinishedBuildHasBuildbotsFields) {
  const auto answer = app_.json("/api/v2/builds/1");
  EXPECT_EQ(keys(answer), (Keys{"builds", "meta"}));
  EXPECT_EQ(answer["meta"], json::Value(json::Object{}));
  EXPECT_EQ(answer["builds"].as_array().at(0), (json::Value(json::Object{{"buildid", 1},
                                                                         {"number", 1},
                                                                         {"builderid", 1},
                                                                         {"buildrequestid", 1},
                                                                         {"workerid", 1},
                                                                         {"masterid", 1},
                                                                         {"started_at", 1'700'000'005},
                                                                         {"complete", true},
                                                                         {"complete_at", 1'700'000'006},
                                                                         {"locks_duration_s", 0},
                                                                         {"results", 0},
                                                                         {"state_string", "build successful"},
                                                                         {"properties", nullptr}})));
}

TEST_F(RestOf, ARunningBuildHasNulls) {
  const auto build = app_.json("/api/v2/builds/2")["builds"].as_array().at(0);
  EXPECT_TRUE(build["complete_at"].is_null());
  EXPECT_TRUE(build["results"].is_null());
  EXPECT_EQ(build["complete"], json::Value(false));
}

TEST_F(RestOf, PropertiesComeWhenAskedFor) {
  const auto one = app_.json("/api/v2/builds/1?property=workername")["builds"].as_array().at(0);
  EXPECT_EQ(one["properties"], (json::Value(json::Object{{"workername", json::Array{"w1", "Worker"}}})));
  const auto all = app_.json("/api/v2/builds?property=*")["builds"].as_array().at(0);
  EXPECT_EQ(keys(all["properties"]), (Keys{"buildername", "workername"}));
  const auto none = app_.json("/api/v2/builds/1?property=nonsense")["builds"].as_array().at(0);
  EXPECT_EQ(none["properties"], json::Value(json::Object{}));
  const json::Array dictionary = app_.json("/api/v2/builds/1/properties")["properties"].as_array();
  ASSERT_EQ(dictionary.size(), 1u);
  EXPECT_EQ(dictionary[0]["buildername"], (json::Value(json::Array{"kernel", "Builder"})));
  const auto set = app_.json("/api/v2/buildsets/1/properties")["properties"].as_array().at(0);
  EXPECT_EQ(set["scheduler"], (json::Value(json::Array{"main", "Scheduler"})));
  const json::Array list = app_.json("/api/v2/changes/1/properties_list")["_properties"].as_array();
  ASSERT_EQ(list.size(), 1u);
  EXPECT_EQ(list[0], (json::Value(json::Object{{"name", "pull"}, {"source", "Change"}, {"value", "7"}})));
}

TEST_F(RestOf, AChangeEmbedsItsSourcestamp) {
  const auto change = app_.json("/api/v2/changes/2")["changes"].as_array().at(0);
  EXPECT_EQ(keys(change), (Keys{"author", "branch", "category", "changeid", "codebase", "comments",
                                "committer", "files", "parent_changeids", "project", "properties",
                                "repository", "revision", "revlink", "sourcestamp", "when_timestamp"}));
  EXPECT_EQ(change["parent_changeids"], (json::Value(json::Array{1})));
  EXPECT_EQ(change["when_timestamp"], json::Value(1'700'000'000));
  EXPECT_EQ(change["files"], (json::Value(json::Array{"src/gate.c", "src/wheel.c"})));
  EXPECT_EQ(change["properties"]["pull"], (json::Value(json::Array{7, "Change"})));
  const auto& stamp = change["sourcestamp"];
  EXPECT_EQ(keys(stamp),
            (Keys{"branch", "codebase", "created_at", "patch", "project", "repository", "revision", "ssid"}));
  const auto ssid = std::to_string(stamp["ssid"].as_int());
  EXPECT_EQ(app_.json("/api/v2/sourcestamps/" + ssid)["sourcestamps"].as_array().at(0), stamp);
  EXPECT_EQ(app_.json("/api/v2/sourcestamps/" + ssid + "/changes")["changes"].as_array().size(), 1u);
}

TEST_F(RestOf, TheOtherEntitiesHaveBuildbotsFields) {
  const auto first = [&](const std::string& path, const char* key) {
    return keys(app_.json("/api/v2/" + path)[key].as_array().at(0));
  };
  EXPECT_EQ(first("builders", "builders"),
            (Keys{"builderid", "description", "description_format", "description_html", "masterids", "name",
                  "projectid", "tags"}));
  EXPECT_EQ(
      first("buildrequests", "buildrequests"),
      (Keys{"builderid", "buildrequestid", "buildsetid", "claimed", "claimed_at", "claimed_by_masterid",
            "complete", "complete_at", "priority", "properties", "results", "submitted_at", "waited_for"}));
  EXPECT_EQ(
      first("buildsets", "buildsets"),
      (Keys{"bsid", "complete", "complete_at", "external_idstring", "parent_buildid", "parent_relationship",
            "reason", "rebuilt_buildid", "results", "sourcestamps", "submitted_at"}));
  EXPECT_EQ(first("builds/1/steps", "steps"),
            (Keys{"buildid", "complete", "complete_at", "hidden", "locks_acquired_at", "name", "number",
                  "results", "started_at", "state_string", "stepid", "urls"}));
  EXPECT_EQ(first("builds/1/steps/git/logs", "logs"),
            (Keys{"complete", "logid", "name", "num_lines", "slug", "stepid", "type"}));
  EXPECT_EQ(first("workers", "workers"), (Keys{"configured_on", "connected_to", "graceful", "name",
                                               "pause_reason", "paused", "workerid", "workerinfo"}));
  EXPECT_EQ(first("schedulers", "schedulers"), (Keys{"enabled", "master", "name", "schedulerid"}));
  EXPECT_EQ(first("masters", "masters"), (Keys{"active", "last_active", "masterid", "name"}));
  EXPECT_EQ(first("forceschedulers", "forceschedulers"),
            (Keys{"all_fields", "builder_names", "button_name", "enabled", "label", "name"}));
}

TEST_F(RestOf, NestedPathsLeadToTheSameThings) {
  const auto ids = [&](const std::string& path, const char* plural, const char* key) {
    std::string out;
    const auto answer = app_.json("/api/v2/" + path);
    for (const auto& row : answer[plural].as_array()) out += std::to_string(row[key].as_int()) + " ";
    return out;
  };
  EXPECT_EQ(ids("builders/kernel/builds", "builds", "buildid"), "1 ");
  EXPECT_EQ(ids("builders/1/builds/1", "builds", "buildid"), "1 ");
  EXPECT_EQ(ids("builders/docs/builds/1", "builds", "buildid"), "2 ");
  EXPECT_EQ(ids("buildrequests/2/builds", "builds", "buildid"), "2 ");
  EXPECT_EQ(ids("changes/1/builds", "builds", "buildid"), "1 2 ");
  EXPECT_EQ(ids("workers/w1/builds", "builds", "buildid"), "1 2 ");
  EXPECT_EQ(ids("builds/1/changes", "changes", "changeid"), "1 ");
  EXPECT_EQ(ids("builders/kernel/builds/1/changes", "changes", "changeid"), "1 ");
  EXPECT_EQ(ids("builders/kernel/builds/1/steps/0", "steps", "stepid"), "4096 ");
  EXPECT_EQ(ids("builders/kernel/builds/1/steps/git/logs/stdio", "logs", "logid"), "262144 ");
  EXPECT_EQ(ids("steps/4096/logs/stdio", "logs", "logid"), "262144 ");
  EXPECT_EQ(ids("builders/kernel/workers", "workers", "workerid"), "1 2 ");
  EXPECT_EQ(ids("builders/kernel/workers/w2", "workers", "workerid"), "2 ");
  EXPECT_EQ(ids("workers/1/builders", "builders", "builderid"), "1 2 ");
  EXPECT_EQ(ids("masters/1/builders", "builders", "builderid"), "1 2 ");
  EXPECT_EQ(ids("masters/2/builders", "builders", "builderid"), "");
  EXPECT_EQ(ids("builders/docs/buildrequests", "buildrequests", "buildrequestid"), "2 ");
  EXPECT_EQ(ids("builders/unknown/builds", "builds", "buildid"), "");
  EXPECT_EQ(app_.json("/api/v2/builders/docs/forceschedulers")["forceschedulers"].as_array().size(), 1u);
  EXPECT_EQ(app_.json("/api/v2/buildsets/1/sourcestamps")["sourcestamps"].as_array().size(), 1u);
}

TEST_F(RestOf, ErrorsNameWhatIsWrong) {
  EXPECT_EQ(error("/api/v2/builds?colour=red", 400), "no such field 'colour'");
  EXPECT_EQ(error("/api/v2/builds?limit=many", 400), "invalid limit 'many': a number from 0 is expected");
  EXPECT_EQ(error("/api/v2/builds/1?number=1", 400), "this is not a collection: it cannot be filtered");
  EXPECT_EQ(error("/api/v2/builds/77", 404), "build not found");
  EXPECT_EQ(error("/api/v2/builders/nobody", 404), "builder not found");
  EXPECT_EQ(error("/api/v2/builds/", 404), "Invalid path: builds/");
  EXPECT_EQ(error("/api/v2/nonsense", 404), "Invalid path: nonsense");
  EXPECT_EQ(error("/api/v3/builds", 404), "no such API version: /api/v3/builds");
  EXPECT_EQ(error("/api/v2/logs/7/contents", 404), "log not found");
  EXPECT_EQ(error("/api/v2/logs/262144/contents?limit=x", 400),
            "invalid limit 'x': a number from 0 is expected");
  EXPECT_EQ(error("/nowhere", 404), "no such page: /nowhere");
}

TEST_F(RestOf, TheRootTellsWhatThereIs) {
  std::string names;
  const auto root = app_.json("/api/v2");
  for (const auto& link : root["rootlinks"].as_array()) names += link["name"].string_or("") + " ";
  EXPECT_EQ(names,
            "builders buildrequests builds buildsets changes changesources forceschedulers masters "
            "schedulers sourcestamps "
            "workers ");
  EXPECT_EQ(app_.json("/api/v2/")["rootlinks"].as_array().size(), 11u);
  EXPECT_EQ(app_.json("/api")["api_versions"]["v2"], json::Value("http://127.0.0.1:8010/api/v2"));
  EXPECT_GT(app_.json("/api/v2/application.spec")["specs"].as_array().size(), 100u);
  EXPECT_EQ(app_.json("/api/latest/builds")["meta"]["total"], json::Value(2));
}

class OnTheWire : public RestOf {
 protected:
  // Head and body of the answer to one request as it stands here.
  std::pair<std::string, std::string> ask(const std::string& first_line, const std::string& headers = "",
                                          const std::string& body = "") {
    http::RawClient client(app_.port());
    client.send(first_line + " HTTP/1.1\r\nHost: here\r\nConnection: close\r\n" + headers +
                "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body);
    const std::string all = client.read_all();
    const auto at = all.find("\r\n\r\n");
    return {all.substr(0, at), all.substr(at + 4)};
  }
  static bool has(const std::string& head, const std::string& line) {
    return head.find(line) != std::string::npos;
  }
};

TEST_F(OnTheWire, TextToBeReadUnlessJsonIsAskedFor) {
  auto [head, body] = ask("GET /api/v2/builds/1?field=buildid");
  EXPECT_TRUE(has(head, "Content-Type: text/plain; charset=utf-8")) << head;
  EXPECT_EQ(body.substr(0, 16), "{\n  \"builds\": [\n");
  std::tie(head, body) =
      ask("GET /api/v2/builds/1?field=buildid", "Accept: application/json, text/plain\r\n");
  EXPECT_TRUE(has(head, "Content-Type: application/json; charset=utf-8")) << head;
  EXPECT_EQ(body, R"({"builds":[{"buildid":1}],"meta":{}})");
}

TEST_F(OnTheWire, HeadHasTheLengthAndNoBody) {
  const auto [head, body] = ask("HEAD /api/v2/builds/1?field=buildid", "Accept: application/json\r\n");
  EXPECT_TRUE(has(head, "200 OK")) << head;
  EXPECT_TRUE(has(head, "Content-Length: 36")) << head;
  EXPECT_EQ(body, "");
}

TEST_F(OnTheWire, OnlyTheOwnOriginMayRead) {
  auto [head, body] = ask("GET /api/v2/builds", "Origin: http://evil.example\r\n");
  EXPECT_TRUE(has(head, "400 ")) << head;
  EXPECT_EQ(body, R"({"error":"invalid origin"})");
  std::tie(head, body) = ask("GET /api/v2/builds", "Origin: http://127.0.0.1:8010\r\n");
  EXPECT_TRUE(has(head, "200 OK")) << head;
  EXPECT_TRUE(has(head, "Access-Control-Allow-Origin: http://127.0.0.1:8010")) << head;
  std::tie(head, body) = ask("GET /api/v2/builds", "Origin: http://here\r\n");  // the Host we asked
  EXPECT_TRUE(has(head, "200 OK")) << head;
  std::tie(head, body) = ask("OPTIONS /api/v2/builds",
                             "Origin: http://127.0.0.1:8010\r\nAccess-Control-Request-Method: POST\r\n");
  EXPECT_TRUE(has(head, "Access-Control-Allow-Methods: GET, POST, HEAD")) << head;
  EXPECT_TRUE(has(head, "Access-Control-Max-Age: 3600")) << head;
  std::tie(head, body) = ask("DELETE /api/v2/builds/1");
  EXPECT_TRUE(has(head, "400 ")) << head;
  EXPECT_EQ(body, R"({"error":"invalid HTTP method"})");
}

TEST_F(OnTheWire, ControlIsRefusedInJsonRpc) {
  const auto post = [&](const std::string& path, const std::string& body,
                        const std::string& type = "application/json") {
    const auto [head, text] = ask("POST " + path, "Content-Type: " + type + "\r\n", body);
    const auto answer = json::parse(text).value_or(nullptr);
    EXPECT_EQ(answer["jsonrpc"], json::Value("2.0")) << text;
    return std::make_tuple(head.substr(9, 3), answer["error"]["code"].int_or(0), answer["id"]);
  };
  const std::string good = R"({"jsonrpc":"2.0","method":"stop","id":7,"params":{}})";
  EXPECT_EQ(post("/api/v2/builds/2", good), std::make_tuple("403", -32600, json::Value(7)));
  EXPECT_EQ(post("/api/v2/nonsense", good), std::make_tuple("404", -32600, json::Value(7)));
  EXPECT_EQ(post("/api/v2/builds/2", "{"), std::make_tuple("400", -32700, json::Value()));
  EXPECT_EQ(post("/api/v2/builds/2", good, "text/plain"), std::make_tuple("400", -32600, json::Value()));
  EXPECT_EQ(post("/api/v2/builds/2", R"({"jsonrpc":"2.0","method":"stop","id":7,"params":[]})"),
            std::make_tuple("400", -32602, json::Value(7)));
  EXPECT_EQ(post("/api/v2/builds/2", R"([])"), std::make_tuple("400", -32600, json::Value()));
  EXPECT_EQ(post("/api/v2/builds/2", R"({"jsonrpc":"2.0","id":7,"params":{}})"),
            std::make_tuple("400", -32600, json::Value(7)));
}

TEST(RestAnswers, LeaveOutWhatIsTooMuch) {
  RunningWebApp app;
  auto large = example_change("main", "r1");
  large.comments = std::string(60'000, 'c');
  for (int i = 1; i <= 300; ++i) app.log.change(i, large);
  app.apply(app.log.take());
  const auto all = app.json("/api/v2/changes");
  EXPECT_EQ(all["meta"]["total"], json::Value(300));
  EXPECT_GT(all["changes"].as_array().size(), 100u);
  EXPECT_LT(all["changes"].as_array().size(), 150u);
  EXPECT_EQ(app.json("/api/v2/changes?limit=50")["changes"].as_array().size(), 50u);
  EXPECT_EQ(app.json("/api/v2/changes?offset=299")["changes"].as_array().size(), 1u);
  EXPECT_EQ(app.json("/api/v2/changes?field=changeid")["changes"].as_array().size(), 300u);
}

// Events out of a list, as the service takes them from Redis.
struct Stored {
  std::vector<wire::Event> events;
  EventRange range() {
    return [this](EventNumber after, std::size_t limit, auto answer) {
      std::vector<wire::Event> out;
      for (const auto& e : events)
        if (e.number > after && out.size() < limit) out.push_back(e);
      answer(std::move(out));
    };
  }
};

TEST(EventsOverHttp, CanBeReplayedByTopic) {
  Stored stored;
  EventLog log;
  for (int i = 1; i <= 5; ++i) {
    log.change(i, example_change("main", "r" + std::to_string(i)));
    log.build_finished(i, i, 1, example_build(i, "kernel", Results::failure));
  }
  log.add("build.finishedly", {});
  stored.events = log.take();
  RunningWebApp app(stored.range());
  const auto all = app.json("/api/v2/events");
  EXPECT_EQ(all["events"].as_array().size(), 11u);
  EXPECT_EQ(all["meta"], (json::Value(json::Object{{"more", false}, {"next", 11}, {"trimmed", false}})));
  const auto& first = all["events"].as_array()[0];
  EXPECT_EQ(first["topic"], json::Value("change.new"));
  EXPECT_EQ(first["ids"]["changeid"], json::Value(1));
  EXPECT_EQ(first["body"]["revision"], json::Value("r1"));
  EXPECT_EQ(first["number"], json::Value(1));
  const auto some = app.json("/api/v2/events?topic=build.finished&after=4&limit=2");
  ASSERT_EQ(some["events"].as_array().size(), 2u);
  EXPECT_EQ(some["events"].as_array()[0]["number"], json::Value(6));
  EXPECT_EQ(some["meta"]["next"], json::Value(8));
  EXPECT_EQ(some["meta"]["more"], json::Value(true));
  EXPECT_EQ(app.get("/api/v2/events?after=x").status, 400);
  EXPECT_EQ(app.get("/api/v2/events?after=9223372036854775807").status, 400);
  EXPECT_EQ(app.json("/api/v2/events?after=999999999999999")["events"].as_array().size(), 0u);
  EXPECT_EQ(app.get("/api/v2/events?since=1").status, 400);
  stored.events.erase(stored.events.begin(), stored.events.begin() + 3);
  EXPECT_EQ(app.json("/api/v2/events?after=1")["meta"]["trimmed"], json::Value(true));
  EXPECT_EQ(app.json("/api/v2/events?after=3")["meta"]["trimmed"], json::Value(false));
}

}  // namespace
}  // namespace headrace::web
