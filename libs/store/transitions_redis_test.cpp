// SPDX-License-Identifier: Apache-2.0
// The typed transitions and reads, each on a real Redis: what is written is what is read.
#include <gtest/gtest.h>

#include "store/state/build.hpp"
#include "store/state/events.hpp"
#include "store/state/outbox.hpp"
#include "store/state/request.hpp"
#include "store/state/scheduler.hpp"
#include "store/state/site.hpp"
#include "store/state/worker.hpp"
#include "store/testing/raw_client.hpp"
#include "store/transitions/build.hpp"
#include "store/transitions/change.hpp"
#include "store/transitions/lease.hpp"
#include "store/transitions/outbox.hpp"
#include "support/redis_server.hpp"
#include "wire/codec.hpp"
#include "wire/events.hpp"

namespace headrace::store {
namespace {

const std::string kNonce(32, 'a');

class Transitions : public testing::Test {
 protected:
  Transitions() : redis({*parse_address(server().address())}) {
    redis.command({"FLUSHALL"});
    redis.load_functions(true);
    redis.command({"SET", redis.keys()("clock"), "1700000000000"});
  }
  static test::RedisServer& server() {
    static test::RedisServer one({"--enable-debug-command", "yes"});
    return one;
  }

  template <class T>
  typename T::Answer good(const T& transition) {
    auto out = redis.commit(transition);
    EXPECT_TRUE(out) << T::kFunction << ": " << (out ? "" : out.error().text);
    return out ? std::move(*out) : typename T::Answer{};
  }
  template <class T>
  Refused refused(const T& transition) {
    const auto out = redis.commit(transition);
    EXPECT_FALSE(out) << T::kFunction;
    return out ? Refused::error : out.error().why;
  }

  void configure() {
    good(ConfigApply{std::nullopt,
                     "d1",
                     wire::encode_value(json::Object{}),
                     {{NameKind::builder, "kernel"}, {NameKind::worker, "w1"}}});
  }
  RequestId a_request() {
    wire::Buildset set;
    set.reason = "a test";
    set.requests = {{{}, "kernel", 3}};
    return good(BuildsetAdd{"", {1}, set}).first_request;
  }
  SessionId hello(std::vector<wire::Claim> held = {}) {
    wire::WorkerInfo info;
    info.name = "w1";
    last_hello = good(WorkerHello{"w1", "0123456789abcdef", "d1", 30s, info, std::move(held)});
    return last_hello.session;
  }
  BuildId a_running_build(RequestId id, SessionId session) {
    good(Offer{{1}, 5s, kNonce, {{id, "w1", session, 2, 1}}});
    wire::Build start;
    start.builder = "kernel";
    start.worker = "w1";
    return good(Accept{{id, kNonce}, "w1", session, start}).build;
  }

  RawClient redis;
  WorkerHello::Answer last_hello;
};

}  // namespace

TEST_F(Transitions, AChangeIsReadAsItWasStored) {
  wire::Change change;
  change.author = "ann";
  change.files = {"a", "b"};
  const auto ids = good(ChangeAdd{"d-1", std::nullopt, {change, change}});
  EXPECT_EQ(ids, (std::vector<ChangeId>{{1}, {2}}));
  EXPECT_EQ(good(ChangeAdd{"d-1", std::nullopt, {change}}), ids) << "a repeated delivery";
  const auto stored = redis.read(changes({{2}, {7}}));
  ASSERT_EQ(stored.size(), 1u) << "the seventh is not there";
  EXPECT_EQ(stored[0].author, "ann");
  EXPECT_EQ(stored[0].id, ChangeId{2});
  EXPECT_TRUE(redis.read(changes({})).empty());
}

TEST_F(Transitions, WhatCannotBeReadIsNamedAndHidesNothing) {
  wire::Change change;
  good(ChangeAdd{"", std::nullopt, {change, change, change}});
  configure();
  const auto id = a_request();
  a_running_build(id, hello());
  redis.command({"HSET", redis.keys()("changes"), "2", "\xc1"});
  redis.command({"HSET", redis.keys()("builds"), "7", "\xc1"});
  redis.command({"HSET", redis.keys()("request", 9), "state", "lost"});
  redis.command({"HSET", redis.keys()("buildset", 9), "body", "\xc1"});
  const auto stored = redis.read(changes({1}, {5}));
  ASSERT_EQ(stored.found.size(), 2u);
  EXPECT_EQ(stored.found[1].change.id, ChangeId{3});
  EXPECT_EQ(stored.found[1].arrived_ms, 1'700'000'000'000);
  ASSERT_EQ(stored.complaints.size(), 1u);
  EXPECT_NE(stored.complaints[0].find("change 2 cannot be read"), std::string::npos);
  EXPECT_EQ(redis.read(builds({1}, {9})).found.size(), 1u);
  EXPECT_EQ(redis.read(builds({1}, {9})).complaints.size(), 1u);
  EXPECT_THROW(redis.read(build({7})), std::runtime_error);
  EXPECT_EQ(redis.read(requests({1}, {9})).complaints.size(), 1u);
  EXPECT_EQ(redis.read(buildsets({1}, {9})).complaints.size(), 1u);
}

TEST_F(Transitions, AClaimIsReadWhole) {
  configure();
  const auto id = a_request();
  const auto build_id = a_running_build(id, hello());
  wire::StepRecord step;
  step.number = 0;
  step.name = "compile";
  EXPECT_EQ(good(Progress{{id, kNonce}, 1, {Progress::Step{step}}}).sequence, 1);
  good(LogAppend{build_id, kNonce, {0, 0}, 0, 3, 1, 77, "xyz"});

  for (const auto known : {BuildId{}, build_id}) {  // two pipelines, and one
    const auto claimed = redis.read(claim(id, known));
    ASSERT_TRUE(claimed);
    EXPECT_EQ(claimed->request.state, RequestState::running);
    EXPECT_EQ(claimed->request.nonce, kNonce);
    EXPECT_EQ(claimed->request.priority, 3);
    ASSERT_TRUE(claimed->set);
    EXPECT_EQ(claimed->set->reason, "a test");
    EXPECT_EQ(claimed->set->requests.at(0).id, id);
    ASSERT_TRUE(claimed->running);
    EXPECT_EQ(claimed->running->sequence, 1);
    EXPECT_EQ(claimed->running->build.steps.at(0).name, "compile");
    EXPECT_EQ(claimed->logs, (LogExtents{{{0, 0}, {3, 1, 77}}}));
  }
  EXPECT_EQ(redis.read(log_extents(build_id)), (LogExtents{{{0, 0}, {3, 1, 77}}}));
  EXPECT_EQ(redis.read(log_chunks(build_id, {0, 0}, 0, 5)), (std::vector<std::string>{"xyz"}));
  EXPECT_EQ(redis.read(log_index(build_id, {0, 0}, 0)).at(0).lines, 1);
  EXPECT_FALSE(redis.read(claim({99})));
}

TEST_F(Transitions, AFinishedBuildIsReadLikeARunningOne) {
  configure();
  const auto id = a_request();
  const auto build_id = a_running_build(id, hello());
  EXPECT_FALSE(redis.read(build(build_id))->results);
  auto whole = *redis.read(build(build_id));
  whole.results = Results::warnings;
  EXPECT_TRUE(good(Progress{{id, kNonce}, 1, {Progress::Finish{whole}}}).ended);
  const auto finished = redis.read(build(build_id));
  ASSERT_TRUE(finished);
  EXPECT_EQ(finished->results, Results::warnings);
  EXPECT_EQ(finished->number, 1);
  EXPECT_EQ(finished->complete_ms, 1'700'000'000'000);
  EXPECT_EQ(redis.read(request(id))->results, Results::warnings);
  EXPECT_EQ(redis.read(builds({1}, {5})).found.size(), 1u);
  EXPECT_EQ(redis.read(requests({1}, {5})).found.size(), 1u);
  EXPECT_EQ(redis.read(buildsets({1}, {5})).found.size(), 1u);
  EXPECT_EQ(redis.read(count_builds_with_logs()), 1);
  EXPECT_EQ(redis.read(builds_with_logs(-1'000'000'000'000, 10)).size(), 1u);
}

TEST_F(Transitions, RefusalsHaveNames) {
  configure();
  const auto id = a_request();
  const auto session = hello();
  EXPECT_EQ(refused(Offer{{2}, 5s, kNonce, {{id, "w1", session, 2, 1}}}), Refused::config);
  EXPECT_EQ(refused(Offer{{1}, 5s, kNonce, {{id, "w2", session, 2, 1}}}), Refused::none);
  EXPECT_EQ(refused(Release{{id, kNonce}, Release::Why::expired}), Refused::fenced);
  EXPECT_EQ(refused(RequestCancel{{77}, "why"}), Refused::gone);
  EXPECT_EQ(refused(WorkerGone{"w1", {session.value + 1}, WorkerGone::Why::goodbye}), Refused::session);
  EXPECT_EQ(refused(Offer{{1}, 5s, "short", {{id, "w1", session, 2, 1}}}), Refused::bad);
}

TEST_F(Transitions, AHelloSaysWhatBecameOfTheBuildsHeld) {
  configure();
  const auto id = a_request();
  const auto build_id = a_running_build(id, hello());
  EXPECT_EQ(good(RequestCancel{id, "enough"}), RequestState::running);
  hello({{id, kNonce}, {{55}, kNonce}});
  ASSERT_EQ(last_hello.held.size(), 2u);
  EXPECT_EQ(last_hello.held[0].state, WorkerHello::Held::State::running);
  EXPECT_EQ(last_hello.held[0].build, build_id);
  EXPECT_EQ(last_hello.held[0].cancel_reason, "enough");
  EXPECT_EQ(last_hello.held[1].state, WorkerHello::Held::State::fenced);
  EXPECT_TRUE(last_hello.orphans.empty());
  hello();
  EXPECT_EQ(last_hello.orphans, (std::vector<RequestId>{id}));
  EXPECT_EQ(redis.read(claims_of_worker("w1")), (std::vector<RequestId>{id}));
  const auto one = redis.read(worker("w1"));
  ASSERT_TRUE(one);
  EXPECT_TRUE(one->connected);
  EXPECT_EQ(one->busy_slots, 1);
  EXPECT_EQ(redis.read(workers()).size(), 1u);
}

TEST_F(Transitions, OpenRequestsComeWithTheirBuildsetsAndTellOrphans) {
  configure();
  const auto first = a_request();
  const auto second = a_request();
  const auto session = hello();
  good(Offer{{1}, 5s, kNonce, {{second, "w1", session, 2, 1}}});
  hello();
  const auto open = redis.read(open_requests());
  ASSERT_EQ(open.requests.size(), 2u);
  EXPECT_EQ(open.requests[0].request.id, first);
  EXPECT_FALSE(open.requests[0].orphan);
  EXPECT_EQ(open.requests[1].request.state, RequestState::offered);
  EXPECT_TRUE(open.requests[1].orphan);
  EXPECT_EQ(open.requests[1].set->reason, "a test");
  EXPECT_EQ(open.head, redis.read(head()));
  EXPECT_EQ(redis.read(count_open_requests()), 2);
}

TEST_F(Transitions, ATimerWithoutChangesGoesOn) {
  configure();
  const auto term = good(RoleHold{"scheduler", "s1", 10s}).term;
  wire::Buildset set;
  set.requests = {{{}, "kernel", 0}};
  const SchedulerDue first{term, {1}, {"hourly", ""}, std::nullopt, 5000, {}, set};
  EXPECT_EQ(good(first), BuildsetId{1});
  EXPECT_EQ(refused(first), Refused::stale) << "the timer is set by now";
  EXPECT_EQ(redis.read(scheduler_state()).timers.at({"hourly", ""}).due_ms, 5000);
  EXPECT_EQ(good(SchedulerDue{term, {1}, {"hourly", ""}, 5000, 9000, {}, set}), BuildsetId{2});
  EXPECT_EQ(redis.read(scheduler_state()).timers.at({"hourly", ""}).due_ms, 9000);
  EXPECT_EQ(refused(WaitingDrop{term, {2}, {"hourly", ""}}), Refused::config);
  good(WaitingDrop{term, {1}, {"hourly", ""}});
  EXPECT_TRUE(redis.read(scheduler_state()).timers.empty());
}

TEST_F(Transitions, WaitingChangesAreReadWithTheirTimer) {
  configure();
  wire::Change change;
  change.author = "ann";
  good(ChangeAdd{"", std::nullopt, {change}});
  const auto term = good(RoleHold{"scheduler", "s1", 10s}).term;
  const auto end = redis.read(head());
  good(SchedulerApply{term, {1}, {0}, end, {SchedulerApply::Wait{{"main", "x"}, {1}, true, 7000}}});
  const auto state = redis.read(scheduler_state());
  EXPECT_EQ(state.cursor, end);
  const auto& timer = state.timers.at({"main", "x"});
  EXPECT_EQ(timer.due_ms, 7000);
  EXPECT_EQ(timer.changes.at(0).change.author, "ann");
  EXPECT_TRUE(timer.changes.at(0).important);
  EXPECT_EQ(redis.read(count_waiting_lists()), 1);
}

TEST_F(Transitions, AWaitingListBecomesSeveral) {
  configure();
  good(ChangeAdd{"", std::nullopt, {wire::Change(), wire::Change(), wire::Change()}});
  const auto term = good(RoleHold{"scheduler", "s1", 10s}).term;
  const auto wait = [](int change, bool important) {
    return SchedulerApply::Wait{{"main", ""}, {change}, important, 7000};
  };
  good(SchedulerApply{term, {1}, {0}, redis.read(head()), {wait(1, true), wait(2, false), wait(3, true)}});
  WaitingSplit split{term, {1}, {"main", ""}, {{"1", 7000, {{1}, {3}}}}};
  EXPECT_EQ(refused(split), Refused::stale) << "change 2 would be lost";
  split.parts.push_back({"2", std::nullopt, {{1}}});
  EXPECT_EQ(refused(split), Refused::stale) << "change 1 would be built twice";
  split.parts[1] = {"1", std::nullopt, {{2}}};
  EXPECT_EQ(refused(split), Refused::stale) << "two of one name";
  split.parts[1].key = "2";
  good(split);
  EXPECT_EQ(refused(split), Refused::stale) << "it is done";
  const auto timers = redis.read(scheduler_state()).timers;
  ASSERT_EQ(timers.size(), 2u);
  const auto &first = timers.at({"main", "1"}), &second = timers.at({"main", "2"});
  ASSERT_EQ(first.changes.size(), 2u);
  EXPECT_EQ(first.due_ms, 7000);
  EXPECT_EQ(first.changes[1].change.id.value, 3);
  EXPECT_TRUE(first.changes[1].important);
  EXPECT_EQ(second.due_ms, std::nullopt);
  EXPECT_FALSE(second.changes.at(0).important);
}

TEST_F(Transitions, AnOutboxKeepsWhatIsNotDelivered) {
  configure();
  const auto term = good(RoleHold{"reporter:mail", "n1", 10s}).term;
  const auto start = good(CursorStart{"mail", term});
  const auto body = wire::encode_value(json::Object{{"to", "ann"}});
  wire::Change change;
  good(ChangeAdd{"", std::nullopt, {change}});
  const auto end = redis.read(head());
  good(ReporterApply{"mail", term, start.number, end, {{"k1", body}, {"k2", body}}});
  EXPECT_EQ(redis.read(reporter_cursor("mail")), end);
  EXPECT_EQ(redis.read(reporters()), (std::vector<std::string>{"mail"}));
  EXPECT_EQ(good(OutboxLater{"mail", term, "k1", 1h}), 1);
  good(OutboxDone{"mail", term, "k2"});
  EXPECT_EQ(refused(OutboxDone{"mail", term, "k2"}), Refused::gone);
  EXPECT_EQ(redis.read(outbox_message("mail", "k1"))->tries, 1);
  EXPECT_FALSE(redis.read(outbox_message("mail", "k2")));
  EXPECT_EQ(redis.read(due_messages("mail", 10)).size, 1);
  EXPECT_EQ(redis.read(first_messages("mail", 10)), (std::vector<std::string>{"k1"}));
  EXPECT_EQ(refused(ReporterDrop{"mail", {9}}), Refused::config);
  good(ReporterDrop{"mail", {1}});
}

TEST_F(Transitions, TheLogIsReadFromAnywhere) {
  configure();
  wire::Change change;
  good(ChangeAdd{"", std::nullopt, {change, change}});
  EXPECT_EQ(redis.read(first_event()), EventNumber{1});
  EXPECT_EQ(redis.read(events_after({1}, 10)).size(), 2u);
  EXPECT_EQ(redis.read(events_after({3}, 10)).size(), 0u);
  EXPECT_EQ(redis.read(await_events_after({3}, 10, milliseconds(1))).size(), 0u);
  EXPECT_EQ(redis.read(await_events_after({2}, 10, milliseconds(1))).size(), 1u);
  EXPECT_EQ(redis.read(event_at({3}))->tag, redis.read(head()).tag);
  EXPECT_FALSE(redis.read(event_at({4})));
  EXPECT_EQ(redis.read(last_ids()).change, ChangeId{2});
  EXPECT_EQ(good(Tick{LeaseClock::workers}).head, redis.read(head()));
}

TEST_F(Transitions, NamesAndKeysAreReadBack) {
  configure();
  EXPECT_EQ(redis.read(config_version()), ConfigVersion{1});
  EXPECT_TRUE(redis.read(config_files({1})));
  EXPECT_FALSE(redis.read(config_files({2})));
  EXPECT_EQ(redis.read(name_ids(NameKind::builder)), (NameIds{{"kernel", 1}}));
  EXPECT_EQ(redis.read(name_id(NameKind::worker, "w1")), 1);
  EXPECT_FALSE(redis.read(name_id(NameKind::worker, "w2")));
  const std::string key(40, 'k');
  good(KeyAllow{KeyKind::worker, key, "w1"});
  EXPECT_EQ(redis.read(admitted_public_keys(KeyKind::worker)),
            (std::map<std::string, std::string>{{key, "w1"}}));
  EXPECT_EQ(redis.read(admitted_public_key(KeyKind::worker, key)), "w1");
  good(KeyForbid{KeyKind::worker, key});
  EXPECT_FALSE(redis.read(admitted_public_key(KeyKind::worker, key)));
  EXPECT_FALSE(redis.read(poller_state("p")));
}

TEST_F(Transitions, APollersProblemIsToldOnceAndKeptUntilItIsMended) {
  const auto role = good(RoleHold{"poller:p", "c1", milliseconds(10'000)});
  const auto head = [&] { return redis.read(store::head()).number.value; };
  const auto before = head();
  good(PollerReport{"poller:p", role.term, "p", ""});
  EXPECT_EQ(head(), before);
  good(PollerReport{"poller:p", role.term, "p", "'main' cannot be fetched"});
  good(PollerReport{"poller:p", role.term, "p", "'main' cannot be fetched"});
  EXPECT_EQ(head(), before + 1);
  EXPECT_EQ(redis.read(poller_problems()),
            (std::map<std::string, std::string>{{"p", "'main' cannot be fetched"}}));
  EXPECT_EQ(refused(PollerReport{"poller:p", role.term + 1, "p", ""}), Refused::stale);
  good(PollerReport{"poller:p", role.term, "p", ""});
  EXPECT_EQ(head(), before + 2);
  EXPECT_TRUE(redis.read(poller_problems()).empty());
}

TEST_F(Transitions, AnErrorOfRedisIsAnError) {
  redis.command({"SET", redis.keys()("head"), "no hash"});
  EXPECT_THROW(redis.read(head()), std::runtime_error);
}

}  // namespace headrace::store
