// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "control/verbs.hpp"
#include "store/state/request.hpp"
#include "store/state/site.hpp"
#include "support/redis_server.hpp"

namespace headrace::control {
namespace {

class Verbs : public testing::Test {
 protected:
  Verbs() : store({*store::parse_address(redis.address())}) { store.load_functions(); }

  void configure(const std::string& text) {
    const config::Files files{"headrace.lua", {{"headrace.lua", text}}, {}};
    std::vector<config::Problem> problems;
    const auto configuration = config::Configuration::evaluate(files, problems);
    ASSERT_TRUE(configuration) << problems[0].text;
    ASSERT_TRUE(store.commit(apply(files, configuration->site())));
  }
  void configure() {
    configure(R"(
      site { codebase = function(change) return change.repository == 'r' and 'app' or error('unknown') end }
      worker 'w' {} builder 'a' { workers = 'w', steps = step.compile {} }
      builder 'b' { workers = 'w', steps = step.compile {} }
      scheduler.force 'one' { builders = 'a' })");
  }
  // The problem's text, and whether the wish was wrong.
  template <class T>
  static std::pair<bool, std::string> problem(const Outcome<T>& outcome) {
    if (outcome) return {false, "none"};
    return {outcome.error().kind == Problem::Kind::wrong, outcome.error().text};
  }
  Force wish(const std::string& builder) {
    Force out;
    out.builder = builder;
    out.reason = "because";
    out.owner = "ann";
    return out;
  }

  test::RedisServer redis;
  store::BlockingClient store;
};

using Said = std::pair<bool, std::string>;

TEST_F(Verbs, AForcedBuildWaitsInTheQueue) {
  EXPECT_EQ(problem(force(store, wish("a"))),
            Said(false, "no configuration was applied yet: `headrace apply CONFIG`"));
  configure();
  auto wanted = wish("a");
  wanted.stamp.branch = "main";
  wanted.properties["n"] = 7;
  const auto request = force(store, wanted);
  ASSERT_TRUE(request) << request.error().text;
  const auto open = store.read(store::open_requests()).requests;
  ASSERT_EQ(open.size(), 1u);
  EXPECT_EQ(open[0].request.id, *request);
  EXPECT_EQ(open[0].set->reason, "A build was forced by 'ann': because");
  EXPECT_EQ(open[0].set->sourcestamps.at(0).branch, "main");
  EXPECT_EQ(open[0].set->properties.at("n").value, json::Value(7));
  EXPECT_EQ(open[0].set->properties.at("owner").source, "Force Build Form");
}

TEST_F(Verbs, WhatCannotBeForcedIsNamed) {
  configure();
  EXPECT_EQ(problem(force(store, wish("x"))), Said(true, "there is no builder 'x'"));
  EXPECT_EQ(problem(force(store, wish("b"))),
            Said(true, "no force scheduler of the configuration has builder 'b'"));
  auto other = wish("a");
  other.scheduler = "two";
  EXPECT_EQ(problem(force(store, other)), Said(true, "there is no force scheduler 'two'"));
  other.scheduler = "one";
  other.codebase = "lib";
  EXPECT_EQ(problem(force(store, other)).first, true);
  EXPECT_TRUE(store.read(store::open_requests()).requests.empty());
}

TEST_F(Verbs, ARequestIsStoppedOnce) {
  configure();
  const auto request = force(store, wish("a"));
  ASSERT_TRUE(request);
  EXPECT_EQ(stop(store, *request, "enough").value(), store::RequestState::pending);
  const auto again = problem(stop(store, *request, "enough"));
  EXPECT_FALSE(again.first);
  EXPECT_EQ(again.second.find("request 1 cannot be stopped: "), 0u) << again.second;
}

TEST_F(Verbs, AChangeGetsTheCodebaseOfTheSite) {
  configure();
  wire::Change change;
  change.author = "ann";
  change.repository = "r";
  EXPECT_EQ(send_change(store, change, false, "k").value(), ChangeId{1});
  EXPECT_EQ(send_change(store, change, false, "k").value(), ChangeId{1}) << "a repeat";
  change.repository = "other";
  EXPECT_NE(problem(send_change(store, change, false, "")).second.find("unknown"), std::string::npos);
  EXPECT_EQ(send_change(store, change, true, "").value(), ChangeId{2}) << "it names its codebase";
}

TEST_F(Verbs, KeysOfANameAreForbiddenTogether) {
  const std::string one(40, 'a'), two(40, 'b');
  ASSERT_TRUE(allow_key(store, store::KeyKind::worker, one, "w"));
  ASSERT_TRUE(allow_key(store, store::KeyKind::worker, two, "w"));
  EXPECT_EQ(store.read(store::admitted_public_keys(store::KeyKind::worker)).size(), 2u);
  EXPECT_EQ(problem(forbid_keys(store, store::KeyKind::subscriber, "w")),
            Said(false, "no subscriber 'w' has a key"));
  EXPECT_EQ(forbid_keys(store, store::KeyKind::worker, "w").value(), 2);
  EXPECT_TRUE(store.read(store::admitted_public_keys(store::KeyKind::worker)).empty());
}

TEST_F(Verbs, ABuildIsNamedByItsIdOrItsNumber) {
  for (const char* word : {"", "x", "0", "-3", "#3", "a#", "a#x", "17x"})
    EXPECT_TRUE(problem(find_build(store, word)).first) << word;
  EXPECT_EQ(problem(find_build(store, "17")), Said(false, "there is no build 17"));
  EXPECT_EQ(problem(find_build(store, "a#3")), Said(false, "there is no build a#3"));
}

}  // namespace
}  // namespace headrace::control
