// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>

#include "web/history/projection.hpp"
#include "web/history/projector.hpp"
#include "web/history/schema.hpp"
#include "web/testing/event_log.hpp"
#include "web/testing/example_site.hpp"

namespace headrace::web {
namespace {

TEST(Sourcestamp, IdsFollowFromTheContent) {
  wire::SourceStamp a, b;
  a.branch = "x";
  b.revision = "x";
  EXPECT_NE(sourcestamp_id(a), sourcestamp_id(b));
  b = a;
  EXPECT_EQ(sourcestamp_id(a), sourcestamp_id(b));
  a.branch = "";
  b.branch.reset();
  EXPECT_NE(sourcestamp_id(a), sourcestamp_id(b));
  EXPECT_LT(sourcestamp_id(a), std::int64_t{1} << 53);
  EXPECT_GT(sourcestamp_id(a), 0);
}

TEST(Sourcestamp, IsAsOldAsTheFirstThingThatNamedIt) {
  char name[] = "/tmp/headrace-history-XXXXXX";
  const std::filesystem::path directory = ::mkdtemp(name);
  const auto db = open_history(directory / "history.sqlite");
  Projection projection(*db);
  const auto change = example_change("main", "r1");
  store::StoredBuildset forced{example_buildset({"kernel"}, {}), {}, 0};
  forced.set.id = BuildsetId{1};
  forced.set.requests.front().id = RequestId{1};
  forced.set.submitted_ms = 1'000'000;
  forced.set.sourcestamps = {
      {change.codebase, change.repository, change.project, change.branch, change.revision}};
  SnapshotPart changes, buildsets;
  changes.changes = {{change, 2'000'000}};
  changes.changes.front().change.id = ChangeId{1};
  buildsets.buildsets = {forced};
  projection.apply(changes);
  EXPECT_EQ(db->integer("SELECT created_ms FROM sourcestamps"), 2'000'000);
  projection.apply(buildsets);
  EXPECT_EQ(db->integer("SELECT created_ms FROM sourcestamps"), 1'000'000);
  std::filesystem::remove_all(directory);
}

}  // namespace
}  // namespace headrace::web
