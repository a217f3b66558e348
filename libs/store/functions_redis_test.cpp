// SPDX-License-Identifier: Apache-2.0
// The transitions of the system apart from claims, each on a real Redis.
#include "store/testing/functions.hpp"

namespace headrace::store {

TEST_F(Functions, ATrivialBuildTakesFiveCalls) {
  configure();
  good("change_add", {"", "", "0", "", "", "", "1", map_body()});
  EXPECT_EQ(last.events.at(0).id("changeid"), 1);
  good("role_hold", {"scheduler", "s1", "10000"});
  good("scheduler_apply", {"1", "0", "2", "t", "1", "1", "set", "main", map_body(), "1", "kernel", "0"});
  EXPECT_EQ(topics(), (std::vector<std::string>{"buildset.new"}));
  const auto session = hello();
  offer(1, session);
  EXPECT_TRUE(last.events.empty());
  EXPECT_EQ(accept(1, session), json::Value(json::Array{1, 1, 1'700'000'000'000, 1}));
  EXPECT_EQ(topics(), (std::vector<std::string>{"build.new.kernel"}));
  EXPECT_EQ(good("progress", {"1", kNonce, "1", "1", "finish", "0", map_body()}),
            json::Value(json::Array{1, 1}));
  EXPECT_EQ(topics(), (std::vector<std::string>{"build.finished.kernel", "buildset.complete"}));
  EXPECT_EQ(redis.command({"ZCARD", redis.keys()("open")}).integer, 0);
  EXPECT_EQ(redis.command({"EXISTS", redis.keys()("slots:w1")}).integer, 0);
}

TEST_F(Functions, EventsAreNumberedWithoutGapsAndChained) {
  configure();
  for (int i = 0; i < 20; ++i) good("change_add", {"", "", "0", "", "", "", "2", map_body(), map_body()});
  const auto stream = redis.command({"XRANGE", redis.keys()("events"), "-", "+"});
  ASSERT_EQ(stream.items.size(), 41u);
  std::string previous;
  for (std::size_t i = 0; i < stream.items.size(); ++i) {
    EXPECT_EQ(stream.items[i].items[0].text, std::to_string(i + 1) + "-0");
    const auto e = wire::decode_event(stream.items[i].items[1].items[1].text, "");
    ASSERT_TRUE(e);
    EXPECT_EQ(e->previous_tag, previous);
    EXPECT_NE(e->tag, previous);
    previous = e->tag;
  }
}

TEST_F(Functions, ADeliveryIsTakenOnce) {
  const auto first = good("change_add", {"guid-1", "", "0", "", "", "", "1", map_body()});
  const auto again = good("change_add", {"guid-1", "", "0", "", "", "", "1", map_body()});
  EXPECT_EQ(first, again);
  EXPECT_TRUE(last.events.empty());
  EXPECT_EQ(redis.command({"HLEN", redis.keys()("changes")}).integer, 1);
}

TEST_F(Functions, APollersStateMovesOnlyFromWhatItRead) {
  good("role_hold", {"poller:p", "c1", "10000"});
  good("change_add", {"", "poller:p", "1", "p", "", "tips1", "0"});
  EXPECT_TRUE(
      refused("change_add", {"", "poller:p", "1", "p", "", "tips2", "1", map_body()}).starts_with("stale"));
  EXPECT_TRUE(refused("change_add", {"", "poller:p", "2", "p", "tips1", "tips2", "1", map_body()})
                  .starts_with("stale"));
  good("change_add", {"", "poller:p", "1", "p", "tips1", "tips2", "1", map_body()});
  EXPECT_EQ(redis.command({"HGET", redis.keys()("poller"), "p"}).text, "tips2");
}

TEST_F(Functions, TheSchedulersCursorMovesOnlyFromWhereItIs) {
  configure();
  good("change_add", {"", "", "0", "", "", "", "1", map_body()});
  good("role_hold", {"scheduler", "s1", "10000"});
  good("scheduler_apply", {"1", "0", "1", "t", "1", "0"});
  EXPECT_TRUE(refused("scheduler_apply", {"1", "0", "2", "t", "1", "0"}).starts_with("stale"));
  EXPECT_TRUE(refused("scheduler_apply", {"1", "1", "9", "t", "1", "0"}).starts_with("bad"));
  EXPECT_TRUE(refused("scheduler_apply", {"2", "1", "2", "t", "1", "0"}).starts_with("stale"));
  EXPECT_TRUE(refused("scheduler_apply", {"1", "1", "2", "t", "7", "0"}).starts_with("config"));
}

TEST_F(Functions, ADueBuildsetIsOfExactlyTheListedChanges) {
  configure();
  good("change_add", {"", "", "0", "", "", "", "2", map_body(), map_body()});
  good("role_hold", {"scheduler", "s1", "10000"});
  good("scheduler_apply", {"1", "0", "2", "t", "1", "1", "wait", "main", "", "1", "1", "5000"});
  good("scheduler_apply", {"1", "2", "3", "t", "1", "1", "wait", "main", "", "2", "0", "6000"});
  EXPECT_TRUE(refused("scheduler_due",
                      {"1", "1", "main", "", "5000", "", "2", "1", "2", map_body(), "1", "kernel", "0"})
                  .starts_with("stale"));
  EXPECT_TRUE(refused("scheduler_due",
                      {"1", "1", "main", "", "6000", "", "2", "2", "1", map_body(), "1", "kernel", "0"})
                  .starts_with("stale"));
  good("scheduler_due", {"1", "1", "main", "", "6000", "", "2", "1", "2", map_body(), "1", "kernel", "0"});
  EXPECT_EQ(topics(), (std::vector<std::string>{"buildset.new"}));
  EXPECT_TRUE(refused("scheduler_due",
                      {"1", "1", "main", "", "6000", "", "2", "1", "2", map_body(), "1", "kernel", "0"})
                  .starts_with("stale"));
  EXPECT_EQ(redis.command({"SCARD", redis.keys()("waiting")}).integer, 0);
}

TEST_F(Functions, ARoleHasOneOwnerAndANewTermWithEachTaking) {
  good("tick", {"roles"});
  EXPECT_EQ(good("role_hold", {"scheduler", "a", "3000"}), json::Value(json::Array{1, 1}));
  EXPECT_EQ(good("role_hold", {"scheduler", "a", "3000"}), json::Value(json::Array{1, 0}));
  EXPECT_TRUE(refused("role_hold", {"scheduler", "b", "3000"}).starts_with("held"));
  clock(1'700'000'002'000), good("tick", {"roles"});
  clock(1'700'000'004'000), good("tick", {"roles"});
  EXPECT_EQ(good("role_hold", {"scheduler", "b", "3000"}), json::Value(json::Array{2, 1}));
  EXPECT_TRUE(refused("role_release", {"scheduler", "a"}).starts_with("held"));
}

TEST_F(Functions, AReportersCursorMovesWithItsMessages) {
  configure();
  good("role_hold", {"reporter:mail", "n1", "10000"});
  EXPECT_EQ(good("cursor_start", {"mail", "1"}).as_array()[0].as_int(), 1);
  good("change_add", {"", "", "0", "", "", "", "1", map_body()});
  good("reporter_apply", {"mail", "1", "1", "2", "t", "1", "build-1", map_body()});
  EXPECT_TRUE(refused("reporter_apply", {"mail", "1", "1", "2", "t", "1", "build-1", map_body()})
                  .starts_with("stale"));
  good("outbox_later", {"mail", "1", "build-1", "1000"});
  good("outbox_done", {"mail", "1", "build-1"});
  EXPECT_TRUE(refused("outbox_done", {"mail", "1", "build-1"}).starts_with("gone"));
}

TEST_F(Functions, TheEventLogIsNotTrimmedPastAReader) {
  configure();
  good("role_hold", {"scheduler", "s", "10000"});
  for (int i = 0; i < 300; ++i) good("change_add", {"", "", "0", "", "", "", "1", map_body()});
  EXPECT_EQ(good("events_trim", {"10"}), json::Value(json::Array{0}));
  good("scheduler_apply", {"1", "0", "200", "t", "1", "0"});
  EXPECT_EQ(good("events_trim", {"10"}), json::Value(json::Array{200}));
  EXPECT_GE(redis.command({"XLEN", redis.keys()("events")}).integer, 101);
}

TEST_F(Functions, TheSameConfigurationIsNoNewVersion) {
  EXPECT_EQ(good("config_apply", {"-1", "d1", map_body(), "1", "builder", "a"}), json::Value(json::Array{1}));
  EXPECT_EQ(good("config_apply", {"1", "d1", map_body(), "1", "builder", "a"}), json::Value(json::Array{1}));
  EXPECT_EQ(good("config_apply", {"1", "d2", map_body(), "2", "builder", "b", "builder", "a"}),
            json::Value(json::Array{2}));
  EXPECT_TRUE(refused("config_apply", {"1", "d3", map_body(), "0"}).starts_with("config"));
  EXPECT_EQ(redis.command({"HGET", redis.keys()("ids:builder"), "b"}).text, "2");
}

TEST_F(Functions, ALogTakesOnlyTheNextBytesOfItsClaim) {
  const auto p = redis.keys().log_prefix(BuildId{7});
  EXPECT_EQ(p, "{headrace:log:7}:");
  EXPECT_EQ(good("log_append", {p, kNonce, "0.0", "0", "10", "2", "99", "chunk"}),
            json::Value(json::Array{10, 2, 99}));
  EXPECT_EQ(good("log_append", {p, kNonce, "0.0", "0", "10", "2", "99", "chunk"}),
            json::Value(json::Array{10, 2, 99}));
  EXPECT_EQ(good("log_append", {p, kNonce, "0.0", "50", "10", "2", "98", "chunk"}),
            json::Value(json::Array{10, 2, 99}));
  EXPECT_TRUE(
      refused("log_append", {p, kOther, "0.0", "10", "10", "2", "98", "chunk"}).starts_with("fenced"));
  EXPECT_EQ(redis.command({"LLEN", p + "0.0:c"}).integer, 1);
  good("log_drop", {p});
  EXPECT_TRUE(refused("log_append", {p, kNonce, "0.0", "0", "10", "2", "98", "chunk"}).starts_with("fenced"));
}

}  // namespace headrace::store
