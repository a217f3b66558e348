// SPDX-License-Identifier: Apache-2.0
// Pollers in the history, and what they cannot read.
#include <gtest/gtest.h>

#include <filesystem>

#include "web/history/projector.hpp"
#include "web/history/schema.hpp"
#include "web/history/select.hpp"
#include "web/testing/event_log.hpp"
#include "web/testing/example_site.hpp"
#include "wire/codec.hpp"

namespace headrace::web {
namespace {

TEST(Changesources, AreNamedWithWhatTheyCannotRead) {
  char name[] = "/tmp/headrace-history-XXXXXX";
  const std::filesystem::path directory = ::mkdtemp(name);
  const auto db = open_history(directory / "history.sqlite");
  Projection projection(*db);
  EventLog log;
  const auto mill = [&] { return select_one(*db, entities::kChangesource, 7, {"*"}).value_or(nullptr); };

  auto site = example_site();
  site.pollers.emplace_back().name = "mill";
  auto names = example_names();
  names.changesources = {{"mill", 7}};
  // Before the configuration is known, too.
  log.add("poller.state.mill", {}, wire::encode_reason("'main' cannot be fetched"));
  projection.apply(log.take(), {}, false);
  projection.set_site(site, names, false);
  EXPECT_EQ(mill()["name"], json::Value("mill"));
  EXPECT_EQ(mill()["failing"], json::Value("'main' cannot be fetched"));
  log.add("poller.state.mill", {});
  const auto applied = projection.apply(log.take(), {}, true);
  EXPECT_TRUE(mill()["failing"].is_null());
  ASSERT_EQ(applied.notifications.size(), 1u);
  EXPECT_EQ(applied.notifications[0].paths, std::vector<std::string>{"changesources/7/update"});
  SnapshotPart part;
  part.poller_problems = {{"mill", "away"}};
  projection.apply(part);
  EXPECT_EQ(mill()["failing"], json::Value("away"));
  std::filesystem::remove_all(directory);
}

}  // namespace
}  // namespace headrace::web
