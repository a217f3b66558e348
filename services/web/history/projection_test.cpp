// SPDX-License-Identifier: Apache-2.0
#include "web/history/projection.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>

#include "web/history/projector.hpp"
#include "web/history/schema.hpp"
#include "web/history/select.hpp"
#include "web/testing/event_log.hpp"
#include "web/testing/example_site.hpp"

namespace headrace::web {
namespace fs = std::filesystem;
namespace {

class ProjectionOf : public testing::Test {
 protected:
  ProjectionOf() {
    char name[] = "/tmp/headrace-history-XXXXXX";
    directory_ = ::mkdtemp(name);
    reopen();
    projection_->set_site(example_site(), example_names(), false);
  }
  ~ProjectionOf() override { fs::remove_all(directory_); }

  std::string path() const { return directory_ / "history.sqlite"; }
  void reopen() {
    projection_.reset();
    db_.reset();
    db_ = open_history(path());
    projection_ = std::make_unique<Projection>(*db_);
  }

  // A change, its buildset on both builders, one build finished and one running.
  std::vector<wire::Event> a_day() {
    log_.change(1, example_change("main", "r1"));
    log_.change(2, example_change("main", "r2"));
    log_.buildset(1, 1, example_buildset({"kernel", "docs"}, {ChangeId{1}}));
    log_.build_new(1, 1, 1, example_build(1, "kernel", {}));
    log_.step(1, "kernel", example_step(0, "git", {}, 0));
    log_.step(1, "kernel", example_step(0, "git", Results::success, 12));
    auto properties = example_build(1, "kernel", {});
    properties.properties = {{"got_revision", {"r1", "git"}}};
    log_.build_properties(1, properties);
    auto done = example_build(1, "kernel", Results::warnings);
    done.properties["got_revision"] = {"r1", "git"};
    done.steps = {example_step(0, "git", Results::success, 12),
                  example_step(1, "make", Results::warnings, 100)};
    log_.build_finished(1, 1, 1, done);
    log_.build_new(2, 1, 1, example_build(2, "docs", {}));
    log_.step(2, "docs", example_step(0, "git", {}, 3));
    wire::WorkerInfo info;
    info.name = "w1";
    info.version = "0.1.0";
    info.facts = {{"host", "mill"}};
    log_.worker_connected(5, info);
    return log_.take();
  }

  // Everything the history holds, as text.
  std::string dump() {
    std::string out;
    for (const Entity* entity :
         {&entities::kChange, &entities::kSourcestamp, &entities::kBuildset, &entities::kBuildrequest,
          &entities::kBuild, &entities::kStep, &entities::kLog, &entities::kBuilder, &entities::kWorker}) {
      Select all;
      all.entity = entity;
      all.properties = {"*"};
      out += json::write(select(*db_, all).rows) + "\n";
    }
    return out;
  }
  json::Value one(const Entity& entity, std::int64_t key) {
    return select_one(*db_, entity, key, {"*"}).value_or(nullptr);
  }
  static std::vector<std::string> keys(const Applied& applied) {
    std::vector<std::string> out;
    for (const auto& n : applied.notifications) out.insert(out.end(), n.paths.begin(), n.paths.end());
    return out;
  }
  static bool has(const std::vector<std::string>& keys, std::string_view key) {
    return std::find(keys.begin(), keys.end(), key) != keys.end();
  }

  fs::path directory_;
  std::unique_ptr<Database> db_;
  std::unique_ptr<Projection> projection_;
  EventLog log_;
};

TEST_F(ProjectionOf, AWholeDayGivesItsRows) {
  projection_->apply(a_day(), {}, false);
  const auto build = one(entities::kBuild, 1);
  EXPECT_EQ(build["builderid"], json::Value(1));
  EXPECT_EQ(build["results"], json::Value(1));
  EXPECT_EQ(build["complete"], json::Value(true));
  EXPECT_EQ(build["properties"]["got_revision"], (json::Value(json::Array{"r1", "git"})));
  EXPECT_EQ(one(entities::kBuild, 2)["complete"], json::Value(false));
  EXPECT_TRUE(one(entities::kBuild, 2)["results"].is_null());
  const auto request = one(entities::kBuildrequest, 1);
  EXPECT_EQ(request["complete"], json::Value(true));
  EXPECT_EQ(request["results"], json::Value(1));
  EXPECT_EQ(request["claimed_by_masterid"], json::Value(1));
  EXPECT_EQ(one(entities::kBuildrequest, 2)["results"], json::Value(-1));
  EXPECT_EQ(one(entities::kChange, 2)["parent_changeids"], (json::Value(json::Array{1})));
  EXPECT_EQ(one(entities::kStep, 4097)["name"], json::Value("make"));
  EXPECT_EQ(one(entities::kLog, 4096 * 64)["num_lines"], json::Value(12));
  EXPECT_EQ(one(entities::kWorker, 1)["connected_to"].as_array().size(), 1u);
  EXPECT_EQ(one(entities::kWorker, 1)["workerinfo"]["host"], json::Value("mill"));
}

TEST_F(ProjectionOf, EveryEventTwiceChangesNothing) {
  const auto events = a_day();
  projection_->apply(events, {}, false);
  const std::string before = dump();
  projection_->apply(events, {}, false);
  EXPECT_EQ(dump(), before);
  // The events after a snapshot's cursor may meet rows that the snapshot has brought.
  projection_->set_cursor({});
  const auto applied = projection_->apply(events, {}, true);
  EXPECT_EQ(dump(), before);
  for (const auto& key : keys(applied))  // an update of what still runs repeats itself, nothing else
    EXPECT_TRUE(key.ends_with("/updated")) << key;
}

TEST_F(ProjectionOf, BatchesOfAnySizeGiveTheSame) {
  const auto events = a_day();
  projection_->apply(events, {}, false);
  const std::string whole = dump();
  projection_->reset();
  projection_->set_site(example_site(), example_names(), false);
  for (const auto& e : events) projection_->apply({e}, {}, false);
  EXPECT_EQ(dump(), whole);
}

TEST_F(ProjectionOf, TheCursorIsKeptWithTheRows) {
  EXPECT_EQ(projection_->cursor(), Cursor{});
  const auto events = a_day();
  projection_->apply({events.begin(), events.begin() + 4}, {}, false);
  reopen();
  EXPECT_EQ(projection_->cursor(), (Cursor{EventNumber{4}, "tag4"}));
  const std::string before = dump();
  projection_->apply({events.begin(), events.begin() + 4}, {}, false);
  EXPECT_EQ(dump(), before);
}

TEST_F(ProjectionOf, ResetForgetsEverything) {
  projection_->apply(a_day(), {}, false);
  projection_->reset();
  EXPECT_EQ(projection_->cursor(), Cursor{});
  EXPECT_EQ(dump(), std::string("[]\n[]\n[]\n[]\n[]\n[]\n[]\n[]\n[]\n"));
}

TEST_F(ProjectionOf, AFileOfAnotherVersionIsBegunAnew) {
  projection_->apply(a_day(), {}, false);
  db_->execute("PRAGMA user_version=999");
  reopen();
  EXPECT_EQ(projection_->cursor(), Cursor{});
}

TEST_F(ProjectionOf, AFileThatIsNoDatabaseIsBegunAnew) {
  projection_.reset();
  db_.reset();
  std::ofstream(path(), std::ios::binary) << std::string(5000, 'x');
  reopen();
  EXPECT_EQ(projection_->cursor(), Cursor{});
  EXPECT_EQ(projection_->apply(a_day(), {}, false).cursor.number.value, 11);
}

TEST_F(ProjectionOf, ATransactionThatFailsLeavesCursorAndRows) {
  const auto events = a_day();
  projection_->apply({events.begin(), events.begin() + 2}, {}, false);
  const std::string before = dump();
  db_->execute("CREATE TRIGGER no BEFORE INSERT ON builds BEGIN SELECT RAISE(ABORT, 'no room'); END");
  EXPECT_THROW(projection_->apply({events.begin() + 2, events.end()}, {}, false), SqlError);
  db_->execute("DROP TRIGGER no");
  reopen();
  EXPECT_EQ(dump(), before);
  EXPECT_EQ(projection_->cursor().number.value, 2);
}

TEST_F(ProjectionOf, ABodyThatDoesNotDecodeIsPassedOver) {
  log_.add("change.new", {{"changeid", 1}}, "\xc1 no record");
  log_.change(2, example_change("main", "r2"));
  EXPECT_EQ(projection_->apply(log_.take(), {}, false).cursor.number.value, 2);
  EXPECT_TRUE(one(entities::kChange, 1).is_null());
  EXPECT_FALSE(one(entities::kChange, 2).is_null());
}

TEST_F(ProjectionOf, TopicsWithoutANameAreHarmless) {
  for (const char* topic :
       {"build.new", "build.finished", "worker.connected", "worker.disconnected", "step.started"})
    log_.add(topic, {});
  const auto events = log_.take();
  EXPECT_FALSE(knows_names(example_names(), events));
  EXPECT_EQ(projection_->apply(events, {}, true).cursor.number.value, 5);
}

TEST_F(ProjectionOf, ARetriedBuildPutsItsRequestBack) {
  log_.buildset(1, 1, example_buildset({"kernel"}, {}));
  log_.build_new(1, 1, 1, example_build(1, "kernel", {}));
  log_.build_finished(1, 1, 1, example_build(1, "kernel", Results::retry));
  log_.request_pending(1, 1);
  const auto events = log_.take();
  projection_->apply(events, {}, false);
  EXPECT_EQ(one(entities::kBuildrequest, 1)["claimed"], json::Value(false));
  EXPECT_EQ(one(entities::kBuildrequest, 1)["complete"], json::Value(false));
  log_.build_new(2, 2, 2, example_build(1, "kernel", {}));
  projection_->apply(log_.take(), {}, false);
  EXPECT_EQ(one(entities::kBuildrequest, 1)["claimed"], json::Value(true));
  // The old event again, after a snapshot that was newer: the second build keeps its claim.
  projection_->set_cursor({});
  projection_->apply({events.back()}, {}, false);
  EXPECT_EQ(one(entities::kBuildrequest, 1)["claimed"], json::Value(true));
}

TEST_F(ProjectionOf, ACancelledRequestSaysWhy) {
  log_.buildset(1, 1, example_buildset({"kernel", "docs"}, {}));
  log_.build_new(1, 1, 1, example_build(1, "kernel", {}));
  log_.request_cancel(1, 1, "stop it");
  log_.build_finished(1, 1, 1, example_build(1, "kernel", Results::cancelled));
  log_.request_cancelled(2, "not needed");
  projection_->apply(log_.take(), {}, false);
  const auto reason = [&](std::int64_t request) {
    auto rows = db_->query("SELECT cancel_reason FROM buildrequests WHERE buildrequestid = ?1", request);
    return rows.next() ? std::string(rows->text(0)) : "no such request";
  };
  EXPECT_EQ(reason(1), "stop it");
  EXPECT_EQ(reason(2), "not needed") << "cancelled before a build of it ran";
}

TEST_F(ProjectionOf, ASnapshotGivesTheRowsThatEventsGive) {
  const auto events = a_day();
  projection_->apply(events, {}, false);
  const std::string by_events = dump();
  projection_->reset();
  projection_->set_site(example_site(), example_names(), false);
  SnapshotPart part;
  for (const auto& event : events)
    std::visit(wire::On{[&](const wire::ChangeNew& e) {
                          part.changes.push_back({*e.change(), event.at_ms});
                        },
                        [&](const wire::BuildsetNew& e) {
                          part.buildsets.push_back({*e.set(), {}, 0});
                          part.buildsets.back().set.submitted_ms = event.at_ms;
                        },
                        [&](const wire::BuildNew& e) { part.builds.push_back(*e.build()); },
                        [&](const wire::StepStarted& e) {
                          part.builds[static_cast<std::size_t>(e.build.value) - 1].steps = {*e.step()};
                        },
                        [&](const wire::BuildFinished& e) {
                          auto& build = part.builds.at(0);
                          const auto started_ms = std::exchange(build, *e.build()).started_ms;
                          build.started_ms = started_ms;
                          build.complete_ms = event.at_ms;
                        },
                        [&](const wire::WorkerConnected& e) {
                          part.workers.push_back({std::string(e.name), e.session, true, *e.info(), 0});
                        },
                        [](const auto&) {}},
               wire::read_event(event));
  projection_->apply(part);
  EXPECT_EQ(projection_->cursor(), Cursor{}) << "a snapshot's cursor comes last";
  EXPECT_EQ(dump(), by_events);
}

TEST_F(ProjectionOf, ALostBuildLeavesNothingRunning) {
  log_.build_new(1, 1, 1, example_build(1, "kernel", {}));
  log_.step(1, "kernel", example_step(0, "git", {}, 4));
  log_.build_finished(1, 1, 1, example_build(1, "kernel", Results::retry));
  const auto all = keys(projection_->apply(log_.take(), {}, true));
  EXPECT_EQ(one(entities::kStep, 4096)["complete"], json::Value(true));
  EXPECT_EQ(one(entities::kStep, 4096)["results"], json::Value(5));
  EXPECT_EQ(one(entities::kLog, 262144)["complete"], json::Value(true));
  EXPECT_EQ(db_->integer("SELECT incomplete FROM logs WHERE logid = 262144"), 1);
  EXPECT_TRUE(has(all, "steps/4096/finished"));
}

TEST_F(ProjectionOf, AnOldSessionsEndSaysNothingAboutANewerOne) {
  wire::WorkerInfo info;
  info.name = "w1";
  log_.worker_connected(5, info);
  log_.worker_connected(6, info);
  log_.worker_disconnected(5, "w1");
  projection_->apply(log_.take(), {}, false);
  EXPECT_EQ(one(entities::kWorker, 1)["connected_to"].as_array().size(), 1u);
  log_.worker_disconnected(6, "w1");
  projection_->apply(log_.take(), {}, false);
  EXPECT_TRUE(one(entities::kWorker, 1)["connected_to"].as_array().empty());
}

TEST_F(ProjectionOf, TheParentIsTheNewestEarlierChangeOfItsLine) {
  log_.change(1, example_change("main", "r1"));
  log_.change(2, example_change("topic", "t1"));
  auto without_branch = example_change("", "n1");
  without_branch.branch.reset();
  log_.change(3, without_branch);
  log_.change(4, example_change("main", "r2"));
  log_.change(5, without_branch);
  projection_->apply(log_.take(), {}, false);
  EXPECT_EQ(one(entities::kChange, 4)["parent_changeids"], (json::Value(json::Array{1})));
  EXPECT_EQ(one(entities::kChange, 2)["parent_changeids"], (json::Value(json::Array{})));
  EXPECT_EQ(one(entities::kChange, 5)["parent_changeids"], (json::Value(json::Array{3})));
}

TEST_F(ProjectionOf, LogsGrowWhileTheyRunAndNotAfter) {
  projection_->apply(a_day(), {}, false);
  const std::int64_t running = log_id(BuildId{2}, 0, 0), finished = log_id(BuildId{1}, 0, 0);
  const auto applied =
      projection_->apply({}, {{BuildId{2}, 0, 0, 50, 500}, {BuildId{1}, 0, 0, 99, 999}}, true);
  EXPECT_EQ(one(entities::kLog, running)["num_lines"], json::Value(50));
  EXPECT_EQ(one(entities::kLog, finished)["num_lines"], json::Value(12));
  EXPECT_EQ(keys(applied), (std::vector<std::string>{"logs/" + std::to_string(running) + "/append",
                                                     "steps/8192/logs/stdio/append"}));
  EXPECT_EQ(applied.notifications[0].number.value, 0);
  // The step's next record carries what its worker knew then; it must not shrink the log.
  log_.step(2, "docs", example_step(0, "git", {}, 10));
  projection_->apply(log_.take(), {}, false);
  EXPECT_EQ(one(entities::kLog, running)["num_lines"], json::Value(50));
}

TEST_F(ProjectionOf, NotificationsHaveBuildbotsKeys) {
  const auto all = keys(projection_->apply(a_day(), {}, true));
  for (const char* key : {"changes/1/new",
                          "buildsets/1/new",
                          "buildrequests/1/new",
                          "builders/1/buildrequests/1/new",
                          "buildsets/1/builders/1/buildrequests/1/new",
                          "buildrequests/1/claimed",
                          "builds/1/new",
                          "builders/1/builds/1/new",
                          "workers/1/builds/1/new",
                          "builds/1/steps/4096/new",
                          "steps/4096/started",
                          "steps/4096/finished",
                          "logs/262144/new",
                          "steps/4096/logs/stdio/finished",
                          "builds/1/properties/update",
                          "steps/4097/new",
                          "steps/4097/finished",
                          "builds/1/finished",
                          "buildrequests/1/complete",
                          "workers/1/connected"})
    EXPECT_TRUE(has(all, key)) << key;
  EXPECT_FALSE(has(all, "builds/2/finished"));
  EXPECT_EQ(std::count(all.begin(), all.end(), "steps/4096/new"), 1);
  EXPECT_EQ(std::count(all.begin(), all.end(), "steps/4096/finished"), 1);
}

TEST_F(ProjectionOf, TheNewMessageOfABuildsetNamesTheSchedulerAndHasNoResults) {
  log_.buildset(1, 1, example_buildset({"kernel"}, {}));
  const auto applied = projection_->apply(log_.take(), {}, true);
  const auto message = json::parse(*applied.notifications.at(0).message).value();
  EXPECT_EQ(message["scheduler"], json::Value("main"));
  EXPECT_TRUE(message["results"].is_null());
  EXPECT_EQ(one(entities::kBuildset, 1)["results"], json::Value(-1));
}

TEST_F(ProjectionOf, ANameLearntLateTakesItsRowsAlong) {
  log_.buildset(1, 1, example_buildset({"late"}, {}));
  auto build = example_build(1, "late", {});
  build.worker = "later";
  log_.build_new(1, 1, 1, build);
  const auto events = log_.take();
  EXPECT_FALSE(knows_names(example_names(), events));
  projection_->apply(events, {}, false);
  EXPECT_GE(one(entities::kBuild, 1)["builderid"].as_int(), kProvisionalId);
  auto names = example_names();
  names.builders["late"] = 9;
  names.workers["later"] = 8;
  projection_->set_names(names);
  EXPECT_TRUE(knows_names(names, events));
  EXPECT_EQ(one(entities::kBuild, 1)["builderid"], json::Value(9));
  EXPECT_EQ(one(entities::kBuild, 1)["workerid"], json::Value(8));
  EXPECT_EQ(one(entities::kBuildrequest, 1)["builderid"], json::Value(9));
  EXPECT_EQ(one(entities::kBuilder, 9)["name"], json::Value("late"));
}

TEST_F(ProjectionOf, ABuilderThatLeftTheConfigurationStaysInTheHistory) {
  auto site = example_site();
  site.builders = {example_site().builders[1]};
  projection_->set_site(site, example_names(), false);
  EXPECT_EQ(one(entities::kBuilder, 1)["masterids"], (json::Value(json::Array{})));
  EXPECT_EQ(one(entities::kBuilder, 2)["masterids"], (json::Value(json::Array{1})));
  EXPECT_EQ(one(entities::kWorker, 1)["configured_on"],
            (json::Value(json::Array{json::Object{{"builderid", 2}, {"masterid", 1}}})));
}

}  // namespace
}  // namespace headrace::web
