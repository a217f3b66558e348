// SPDX-License-Identifier: Apache-2.0
// The query language, as a table: parameters → ids, or the error. Each row is one of Buildbot's rules.
#include "web/rest/query.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include "http/server.hpp"
#include "web/history/projection.hpp"
#include "web/history/schema.hpp"
#include "web/history/snapshot.hpp"
#include "web/rest/routes.hpp"
#include "web/testing/event_log.hpp"
#include "web/testing/example_site.hpp"

namespace headrace::web {
namespace {

// 6 builds: 1–4 of kernel (numbers 1–4), 5–6 of docs (numbers 1–2); 3 and 6 run; results 0, 2, -, 0, 1, -.
// 4 changes on main, main, topic, null.
class Query : public testing::Test {
 protected:
  Query() {
    char name[] = "/tmp/headrace-query-XXXXXX";
    directory_ = ::mkdtemp(name);
    db_ = open_history(directory_ / "history.sqlite");
    Projection projection(*db_);
    projection.set_site(example_site(), example_names(), false);
    EventLog log;
    log.change(1, example_change("main", "r1"));
    log.change(2, example_change("main", "r2"));
    log.change(3, example_change("topic/x", "r3"));
    auto plain = example_change("", "r4");
    plain.branch.reset();
    plain.files = {"doc/manual.txt"};
    log.change(4, plain);
    log.buildset(1, 1,
                 example_buildset({"kernel", "kernel", "kernel", "kernel", "docs", "docs"}, {ChangeId{1}}));
    const std::optional<Results> results[] = {Results::success, Results::failure,  {},
                                              Results::success, Results::warnings, {}};
    for (int i = 1; i <= 6; ++i) {
      const std::string builder = i <= 4 ? "kernel" : "docs";
      const int number = i <= 4 ? i : i - 4;
      log.build_new(i, number, 1, example_build(i, builder, {}));
      if (results[i - 1]) log.build_finished(i, number, 1, example_build(i, builder, results[i - 1]));
    }
    projection.apply(log.take(), {}, false);
  }
  ~Query() override { std::filesystem::remove_all(directory_); }

  // "1,2,3 of 6", or "error: …".
  std::string ask(const std::string& path, const std::string& query) {
    const auto match = find_endpoint(path);
    if (!match) return "404";
    Select what;
    what.entity = match->endpoint->entity;
    what.scope = match->scope;
    const auto read = read_query(http::parse_form(query), match->endpoint->collection, what);
    if (!read) return "error: " + read.error().text;
    const auto page = select(*db_, what);
    std::string out;
    for (const auto& row : page.rows) {
      const auto& key = row[what.entity->fields.front().name];
      out += (out.empty() ? "" : ",") + (key.is_int() ? std::to_string(key.as_int()) : key.string_or("?"));
    }
    return out + " of " + std::to_string(page.total);
  }

  std::filesystem::path directory_;
  std::unique_ptr<Database> db_;
};

TEST_F(Query, FollowsBuildbotsRules) {
  const struct {
    const char *path, *query, *expected;
  } rules[] = {
      {"builds", "", "1,2,3,4,5,6"},
      // pages
      {"builds", "limit=2", "1,2"},
      {"builds", "limit=2&offset=3", "4,5"},
      {"builds", "offset=4", "5,6"},
      {"builds", "offset=9", ""},
      {"builds", "limit=0", ""},
      {"builds", "limit=x", "error: invalid limit 'x': a number from 0 is expected"},
      {"builds", "limit=-1", "error: invalid limit '-1': a number from 0 is expected"},
      {"builds", "offset=1.5", "error: invalid offset '1.5': a number from 0 is expected"},
      {"builds", "limit=99999999999999999999",
       "error: invalid limit '99999999999999999999': a number from 0 is expected"},
      // order, several keys, nulls first
      {"builds", "order=-buildid", "6,5,4,3,2,1"},
      {"builds", "order=number&order=-buildid", "5,1,6,2,3,4"},
      {"builds", "order=results", "3,6,1,4,5,2"},
      {"builds", "order=-results", "2,5,4,1,6,3"},
      {"builds", "order=nonsense", "error: no such field 'nonsense'"},
      {"builds", "order=-", "error: no such field ''"},
      {"builds", "order=-complete_at&limit=2", "5,4"},
      // equal, repeated: any of
      {"builds", "number=2", "2,6"},
      {"builds", "results=0&results=1", "1,4,5"},
      {"builds", "builderid=1&complete=true", "1,2,4"},
      {"builds", "number=two", "error: 'number' is a number, not 'two'"},
      {"builds", "nonsense=1", "error: no such field 'nonsense'"},
      // operators
      {"builds", "number__eq=2", "2,6"},
      {"builds", "number__ne=1", "2,3,4,6"},
      {"builds", "results__ne=0", "2,3,5,6"},
      {"builds", "buildid__lt=3", "1,2"},
      {"builds", "buildid__le=3", "1,2,3"},
      {"builds", "buildid__gt=4", "5,6"},
      {"builds", "buildid__ge=4", "4,5,6"},
      {"builds", "buildid__in=2&buildid__in=5", "2,5"},
      {"builds", "buildid__notin=2&buildid__notin=5", "1,3,4,6"},
      {"builds", "buildid__ne=2&buildid__ne=5", "1,3,4,6"},
      {"builds", "state_string__contains=success", "1,2,4,5"},
      {"builds", "state_string__contains=Success", ""},
      {"builds", "state_string__contains=successful&state_string__contains=ing", "1,2,3,4,5,6"},
      {"builds", "state_string__contains=%25", ""},
      {"builds", "buildid__contains=2",
       "error: 'buildid' is neither text nor a list: contains cannot filter it"},
      // ignored: no such operator, one value expected
      {"builds", "buildid__like=2", "1,2,3,4,5,6"},
      {"builds", "buildid__lt=2&buildid__lt=3", "1,2,3,4,5,6"},
      {"builds", "nonsense__lt=2", "error: no such field 'nonsense'"},
      // booleans
      {"builds", "complete=0", "3,6"},
      {"builds", "complete=off", "3,6"},
      {"builds", "complete=NO", "3,6"},
      {"builds", "complete__ne=true", "3,6"},
      {"builds", "complete=on", "1,2,4,5"},
      {"builds", "complete=true&complete=false", "1,2,3,4,5,6"},
      {"builds", "complete=maybe", "error: 'complete' is true or false, not 'maybe'"},
      // fields and what may be done with those that are not selected
      {"builds", "field=buildid&order=number", "error: cannot order on un-selected field 'number'"},
      {"builds", "field=buildid&number=1", "error: cannot filter on un-selected field 'number'"},
      {"builds", "field=buildid&field=number&number=1", "1,5"},
      {"builds", "field=nonsense", "error: no such field 'nonsense'"},
      {"builds", "properties=x", "error: cannot filter by 'properties'"},
      // text and null
      {"changes", "branch=main", "1,2"},
      {"changes", "branch__ne=main", "3,4"},
      {"changes", "branch__contains=/", "3"},
      {"changes", "revision__ge=r3", "3,4"},
      {"changes", "branch=main'%20OR%20'1'='1", ""},
      {"changes", "order=branch", "4,1,2,3"},
      // lists
      {"changes", "files__contains=src/gate.c", "1,2,3"},
      {"changes", "files__contains=src", ""},
      {"changes", "files__contains=src/gate.c&files__contains=doc/manual.txt", "1,2,3,4"},
      {"changes", "files=src/gate.c", "error: 'files' is a list: only contains can filter it"},
      {"builders", "tags__contains=docs", "2"},
      // one object
      {"builds/1", "number=1", "error: this is not a collection: it cannot be filtered"},
      {"builds/1", "field=buildid", "1"},
      // computed fields filter in SQL, too
      {"buildrequests", "claimed=false", ""},
      {"buildrequests", "results=-1", "3,6"},
      {"buildrequests", "complete=0&builderid=2", "6"},
      {"builds/1/property_list", "name=workername", "workername"},
      {"builds/1/property_list", "source__eq=Builder", "buildername"},
  };
  for (const auto& r : rules) {
    const std::string got = ask(r.path, r.query);
    EXPECT_EQ(got.substr(0, got.find(" of ")), r.expected) << r.path << "?" << r.query;
  }
}

TEST_F(Query, TheTotalCountsWhatTheFiltersLeaveBeforeThePage) {
  EXPECT_EQ(ask("builds", "limit=2"), "1,2 of 6");
  EXPECT_EQ(ask("builds", "offset=4"), "5,6 of 6");
  EXPECT_EQ(ask("builds", "offset=40"), " of 6");
  EXPECT_EQ(ask("builds", "builderid=1&limit=1"), "1 of 4");
  EXPECT_EQ(ask("builds", "builderid=1&limit=1&offset=3"), "4 of 4");
  EXPECT_EQ(ask("builds", "builderid=7"), " of 0");
  EXPECT_EQ(ask("builds", "limit=0&complete=0"), " of 2");
}

TEST_F(Query, APageIsNeverLargerThanTheCap) {
  SnapshotPart part;
  for (std::int64_t id = 5; id < 5 + kMaxRows; ++id) {
    part.changes.push_back({example_change("main", "x"), 0});
    part.changes.back().change.id = {id};
  }
  Projection(*db_).apply(part);
  Select what;
  what.entity = &entities::kChange;
  what.limit = kMaxRows + 100;
  const auto page = select(*db_, what);
  EXPECT_EQ(page.rows.size(), static_cast<std::size_t>(kMaxRows));
  EXPECT_EQ(page.total, kMaxRows + 4);
}

}  // namespace
}  // namespace headrace::web
