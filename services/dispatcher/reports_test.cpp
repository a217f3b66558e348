// SPDX-License-Identifier: Apache-2.0
// The messages of a running build: reports come in order, logs are committed before the steps that they
// belong to, and a build is told to stop.
#include <gtest/gtest.h>

#include "dispatcher/testing/test_dispatcher.hpp"
#include "logchunk/chunk.hpp"

namespace headrace::dispatcher {
namespace {

constexpr auto kConfiguration = R"(
worker 'w' { slots = 2 }
builder 'a' { workers = 'w', max_builds_per_worker = 2, steps = { step.shell { command = 'x',
  do_step_if = function(build) if build.properties.bad then error('no way') end return build.properties.go end } } }
)";
const SessionId kSession{1};

wire::ProgressItem step(int number, const std::string& name, std::optional<Results> results = {}) {
  wire::ProgressItem item;
  item.step.emplace();
  item.step->number = number;
  item.step->name = name;
  item.step->results = results;
  return item;
}
wire::ProgressItem finish(Results results) {
  wire::ProgressItem item;
  item.finish = wire::ProgressItem::Finish{results, "ended"};
  return item;
}

// Build 50 of request 1 runs on worker w.
class DispatcherProgress : public testing::Test {
 protected:
  DispatcherProgress() : d(kConfiguration) {
    d.connect("w", kSession.value);
    d.request(1, {"a"});
    claim = d.running(1, 50, "w", kSession.value);
  }
  void report(std::int64_t sequence, std::vector<wire::ProgressItem> items,
              std::vector<wire::LogPiece> logs = {}) {
    d.say(kPeer, "w",
          wire::Report{kSession, claim, BuildId{50}, sequence, std::move(logs), std::move(items)});
  }
  // The next piece of log 0.0: these framed lines.
  wire::LogPiece piece(const std::string& text) {
    wire::LogPiece p;
    p.offset_bytes = size;
    p.chunk = logchunk::encode(text, std::count(text.begin(), text.end(), '\n'), {});
    size += static_cast<std::int64_t>(text.size());
    crc = logchunk::crc32(crc, text);
    lines += std::count(text.begin(), text.end(), '\n');
    return p;
  }
  json::Value stored() const { return json::Array{size, lines, static_cast<std::int64_t>(crc)}; }
  // The end of step 0, with the size of its log by now.
  wire::ProgressItem ended() {
    auto item = step(0, "x", Results::success);
    item.step->logs.resize(1);
    auto& log = item.step->logs[0];
    log.name = log.slug = "stdio";
    log.complete = true;
    log.size_bytes = size;
    log.lines = lines;
    log.crc = crc;
    return item;
  }

  const std::string kPeer = "w@1";
  TestDispatcher d;
  wire::Claim claim;
  std::int64_t size = 0, lines = 0;
  std::uint32_t crc = 0;
};

TEST_F(DispatcherProgress, EachReportIsCommittedAndAcknowledgedWhenItIs) {
  report(1, {step(0, "x")});
  const auto call = d.commit<store::Progress>();
  EXPECT_EQ(call->claim, claim);
  EXPECT_EQ(call->sequence, 1);
  EXPECT_EQ(call->items.size(), 1u);
  const auto record = item_of<store::Progress::Step>(call).record;
  EXPECT_EQ(record.number, 0);
  EXPECT_FALSE(record.results);
  EXPECT_TRUE(d.quiet());
  call.ok();
  const auto reported = d.message<wire::Reported>(kPeer);
  EXPECT_EQ(reported.sequence, 1);
  EXPECT_FALSE(reported.finished);
}

TEST_F(DispatcherProgress, ReportsMayFollowOneAnotherBeforeAnyIsCommitted) {
  report(1, {step(0, "x")});
  report(2, {step(0, "x", Results::success), step(1, "y")});
  EXPECT_EQ(d.commit<store::Progress>()->sequence, 1);
  const auto second = d.commit<store::Progress>();
  EXPECT_EQ(second->sequence, 2);
  EXPECT_EQ(second->items.size(), 2u);
  EXPECT_EQ(item_of<store::Progress::Step>(second, 0).record.results, Results::success);
  EXPECT_EQ(item_of<store::Progress::Step>(second, 1).record.number, 1);
}

TEST_F(DispatcherProgress, AHoleInTheReportsMakesTheWorkerSayHelloAgain) {
  report(2, {step(0, "x")});
  const auto rehello = d.message<wire::Rehello>(kPeer);
  EXPECT_EQ(rehello.session, kSession);
  EXPECT_FALSE(rehello.superseded) << "it is to come back at once";
  EXPECT_TRUE(d.quiet());
  EXPECT_EQ(d.core.worker_count(), 0u);
  report(1, {step(0, "x")});
  EXPECT_EQ(d.message<wire::Rehello>(kPeer).session, kSession) << "nothing more of this session is taken";
  EXPECT_TRUE(d.quiet());
}

TEST_F(DispatcherProgress, ARepeatIsAcknowledgedNotCommitted) {
  report(1, {step(0, "x")});
  const auto call = d.commit<store::Progress>();
  report(1, {step(0, "x")});
  EXPECT_TRUE(d.quiet()) << "not committed yet: the answer is on its way";
  call.ok();
  d.message<wire::Reported>(kPeer);
  report(1, {step(0, "x")});
  EXPECT_EQ(d.message<wire::Reported>(kPeer).sequence, 1);
  EXPECT_TRUE(d.quiet());
}

TEST_F(DispatcherProgress, AReportThatTheStoreRefusesIsFenced) {
  report(1, {step(0, "x")});
  d.commit<store::Progress>().refuse(store::Refused::fenced,
                                     "fenced: request 1 is not running under this nonce");
  EXPECT_EQ(d.message<wire::Fenced>(kPeer).claim, claim);
  EXPECT_EQ(d.core.running_count(), 0u);
  report(2, {step(0, "x")});
  EXPECT_EQ(d.message<wire::Fenced>(kPeer).claim, claim);
  EXPECT_TRUE(d.quiet());
}

TEST_F(DispatcherProgress, WhatTheStoreWillNeverTakeEndsTheBuildWithException) {
  report(1, {step(0, "x")});
  d.commit<store::Progress>().refuse(store::Refused::bad, "bad: argument 5 is 'x', expected a number");
  const auto end = d.commit<store::Progress>();
  EXPECT_EQ(end->claim, claim);
  EXPECT_EQ(end->sequence, 1);
  EXPECT_EQ(end_of(end).results, Results::exception);
  EXPECT_EQ(end_of(end).state_string, "a report was refused: bad: argument 5 is 'x', expected a number");
  end.ok();
  EXPECT_EQ(d.message<wire::Fenced>(kPeer).claim, claim);
  EXPECT_EQ(d.core.running_count(), 0u);
  EXPECT_EQ(d.moved, std::vector<std::int64_t>{50});
  EXPECT_TRUE(d.quiet());
}

TEST_F(DispatcherProgress, AnotherRefusalMeansHelloAndTheSameAgain) {
  report(1, {step(0, "x")});
  d.commit<store::Progress>().refuse(store::Refused::gap, "gap: report 3 is next, not 1");
  EXPECT_FALSE(d.message<wire::Rehello>(kPeer).superseded);
  EXPECT_TRUE(d.quiet());
}

TEST_F(DispatcherProgress, AWorkerCannotGiveABuildBackAsRetry) {
  report(1, {finish(Results::retry)});
  const auto end = d.commit<store::Progress>();
  EXPECT_EQ(end_of(end).results, Results::exception);
}

TEST_F(DispatcherProgress, PropertiesAreGatheredAndStandInTheEndToo) {
  wire::ProgressItem one, two;
  one.properties = Properties{{"x", {1, "step"}}};
  two.properties = Properties{{"y", {2, "step"}}};
  report(1, {one});
  const auto call = d.commit<store::Progress>();
  const auto sent = item_of<store::Progress::Properties>(call).all;
  EXPECT_EQ(sent.at("x").value, json::Value(1));
  EXPECT_EQ(sent.at("buildername").value, json::Value("a")) << "all of them, not the new ones only";
  report(2, {two, step(0, "x", Results::failure), finish(Results::failure)});
  const auto end = d.commit<store::Progress>();
  EXPECT_EQ(end->sequence, 2);
  const auto build = end_of(end);
  EXPECT_EQ(build.properties.at("x").value, json::Value(1));
  EXPECT_EQ(build.properties.at("y").value, json::Value(2));
  EXPECT_EQ(build.results, Results::failure);
  EXPECT_EQ(build.state_string, "ended");
  ASSERT_EQ(build.steps.size(), 1u);
  EXPECT_EQ(build.steps[0].results, Results::failure);
}

TEST_F(DispatcherProgress, TheEndGivesTheLogsToTheLogStoreOnceItIsCommitted) {
  report(1, {finish(Results::success)});
  const auto call = d.commit<store::Progress>();
  EXPECT_TRUE(d.moved.empty());
  call.ok();
  EXPECT_TRUE(d.message<wire::Reported>(kPeer).finished);
  EXPECT_EQ(d.moved, std::vector<std::int64_t>{50});
  EXPECT_EQ(d.core.running_count(), 0u);
}

TEST_F(DispatcherProgress, LogBytesAreAppendedAndAcknowledgedByPosition) {
  report(0, {}, {piece("oone\n")});
  const auto first = d.append();
  EXPECT_EQ(first->nonce, claim.nonce);
  EXPECT_EQ(first->log, (store::LogName{0, 0}));
  EXPECT_EQ(first->offset_bytes, 0);
  EXPECT_EQ(first->size_bytes, 5);
  EXPECT_EQ(first->lines, 1);
  EXPECT_EQ(first->crc_after, crc);
  first.ok(stored());
  const auto reported = d.message<wire::Reported>(kPeer);
  ASSERT_EQ(reported.logs.size(), 1u);
  EXPECT_EQ(reported.logs[0].size_bytes, 5);
  EXPECT_EQ(d.announced, std::vector<std::int64_t>{5});
  report(0, {}, {piece("otwo\nothree\n")});
  const auto second = d.append();
  EXPECT_EQ(second->offset_bytes, 5);
  EXPECT_EQ(second->size_bytes, 12);
  EXPECT_EQ(second->lines, 2);
  EXPECT_EQ(second->crc_after, crc) << "the sum goes on from the first piece";
}

TEST_F(DispatcherProgress, AStepEndsOnlyWhenItsLogIsInTheStore) {
  auto one = piece("oone\n");
  auto two = piece("otwo\n");
  report(1, {ended(), step(1, "y")}, {std::move(one), std::move(two)});
  report(2, {finish(Results::success)});
  const auto first = d.append(), second = d.append();
  EXPECT_TRUE(d.quiet()) << "nothing of report 1, nor of 2 behind it";
  first.ok(json::Array{5, 1, 0});
  EXPECT_TRUE(d.commits.empty()) << "half of it is there";
  second.ok(stored());
  const auto progress = d.commit<store::Progress>();
  EXPECT_EQ(progress->sequence, 1);
  const auto record = item_of<store::Progress::Step>(progress).record;
  EXPECT_EQ(record.logs.at(0).size_bytes, 10);
  EXPECT_FALSE(record.logs.at(0).incomplete);
  end_of(d.commit<store::Progress>());
}

TEST_F(DispatcherProgress, ALogThatDiffersFromWhatWasWrittenIsMarked) {
  auto p = piece("oone\n");
  report(1, {ended()}, {std::move(p)});
  d.append().ok(json::Array{5, 1, 12345});
  const auto record = item_of<store::Progress::Step>(d.commit<store::Progress>()).record;
  EXPECT_TRUE(record.logs.at(0).incomplete);
  EXPECT_EQ(record.logs.at(0).crc, 12345) << "of what is there";
}

TEST_F(DispatcherProgress, AHoleInALogMakesTheWorkerSayHelloAgain) {
  piece("olost\n");
  report(1, {step(0, "x")}, {piece("olater\n")});
  EXPECT_EQ(d.message<wire::Rehello>(kPeer).session, kSession);
  EXPECT_TRUE(d.quiet()) << "nor is anything else of this report taken";
}

TEST_F(DispatcherProgress, ARepeatedPieceIsAnsweredWithWhatTheStoreHas) {
  const auto p = piece("oone\n");
  report(0, {}, {p});
  const auto call = d.append();
  report(0, {}, {p});
  EXPECT_TRUE(d.quiet());
  call.ok(stored());
  d.message<wire::Reported>(kPeer);
  report(0, {}, {p});
  EXPECT_EQ(d.message<wire::Reported>(kPeer).logs.at(0).size_bytes, 5);
  EXPECT_TRUE(d.quiet());
}

TEST_F(DispatcherProgress, TheStoresWordAboutALogWins) {
  report(0, {}, {piece("oone\n")});
  d.append().ok(json::Array{0, 0, 0});  // a fail-over has lost it
  EXPECT_EQ(d.message<wire::Reported>(kPeer).logs.at(0).size_bytes, 0) << "send again from there";
  size = lines = crc = 0;
  report(0, {}, {piece("oone\n")});
  EXPECT_EQ(d.append()->offset_bytes, 0);
}

// A worker sends a report again that was not taken. A report that is refused for good would be sent for ever.
TEST_F(DispatcherProgress, AChunkThatCannotBeReadEndsTheBuildOnce) {
  auto p = piece("oone\n");
  p.chunk.resize(p.chunk.size() / 2);
  report(0, {}, {p});
  const auto end = d.commit<store::Progress>();
  EXPECT_EQ(end->claim, claim);
  EXPECT_EQ(end->sequence, 1);
  EXPECT_EQ(end_of(end).results, Results::exception);
  EXPECT_EQ(end_of(end).state_string.find("log chunk: "), 0u);
  report(0, {}, {p});
  EXPECT_TRUE(d.quiet()) << "its repeat is not looked at";
  end.ok();
  EXPECT_EQ(d.message<wire::Fenced>(kPeer).claim, claim);
  EXPECT_EQ(d.core.running_count(), 0u);
}

// The logs of such a step never come, so the report would wait for ever.
TEST_F(DispatcherProgress, AReportOfAStepOrLogThatCannotBeEndsTheBuild) {
  auto of_no_step = step(0, "x");
  of_no_step.step->number = -1;
  report(1, {of_no_step});
  const auto end = d.commit<store::Progress>();
  EXPECT_EQ(end_of(end).state_string, "a report names step -1");
  end.ok();
  EXPECT_EQ(d.message<wire::Fenced>(kPeer).claim, claim);
}

TEST_F(DispatcherProgress, ALogIndexBeyondTheLimitEndsTheBuild) {
  auto p = piece("oone\n");
  p.log = 64;
  report(0, {}, {p});
  const auto end = d.commit<store::Progress>();
  EXPECT_EQ(end_of(end).state_string, "a report names log 64");
}

TEST_F(DispatcherProgress, ALogThatTheStoreWillNeverTakeEndsTheBuildOnce) {
  report(1, {step(0, "x")});
  d.commit<store::Progress>().ok();
  d.message<wire::Reported>(kPeer);
  report(0, {}, {piece("oone\n"), piece("otwo\n")});
  const auto first = d.append(), second = d.append();
  first.refuse(store::Refused::bad, "bad: argument 8 is 'x', expected a chunk");
  const auto end = d.commit<store::Progress>();
  EXPECT_EQ(end->sequence, 2) << "the next report";
  EXPECT_EQ(end_of(end).state_string, "log: bad: argument 8 is 'x', expected a chunk");
  second.refuse(store::Refused::bad, "bad: argument 8 is 'x', expected a chunk");
  EXPECT_TRUE(d.quiet()) << "one end is enough";
  end.ok();
  EXPECT_EQ(d.message<wire::Fenced>(kPeer).claim, claim);
  EXPECT_EQ(d.moved, std::vector<std::int64_t>{50});
}

TEST_F(DispatcherProgress, ALogUnderAnOldClaimIsFenced) {
  report(0, {}, {piece("oone\n")});
  d.append().refuse(store::Refused::fenced, "fenced: another claim writes");
  EXPECT_EQ(d.message<wire::Fenced>(kPeer).claim, claim);
  EXPECT_EQ(d.core.running_count(), 0u);
  EXPECT_TRUE(d.quiet());
}

TEST_F(DispatcherProgress, TheCancelOfARunningBuildIsSaidAtOnceAndWithEveryHeartbeat) {
  d.event("request.cancel", {{"request", 1}, {"buildid", 50}},
          wire::encode_value(json::Object{{"reason", "by ann"}}));
  for (int i = 0; i < 2; ++i) {
    const auto reply = d.message<wire::HeartbeatReply>(kPeer);
    ASSERT_EQ(reply.wanted.size(), 1u);
    EXPECT_EQ(reply.wanted[0].claim, claim);
    EXPECT_TRUE(reply.wanted[0].cancel);
    EXPECT_FALSE(reply.wanted[0].fenced);
    EXPECT_EQ(reply.wanted[0].reason, "by ann");
    if (i > 0) break;
    d.say(kPeer, "w", wire::Heartbeat{kSession, 1, {claim}, 1});
    d.commit<store::WorkerRenew>().ok(json::Array{1});
  }
  EXPECT_TRUE(d.quiet());
}

TEST_F(DispatcherProgress, AHeartbeatIsToldWhichBuildsAreNoLongerTheWorkers) {
  const wire::Claim old{RequestId{1}, "nonce0"};
  const auto reply = d.beat("w", kSession.value, 1, {claim, old});
  ASSERT_EQ(reply.wanted.size(), 2u);
  EXPECT_FALSE(reply.wanted[0].cancel);
  EXPECT_FALSE(reply.wanted[0].fenced);
  EXPECT_TRUE(reply.wanted[1].fenced);
}

TEST_F(DispatcherProgress, AReportCountsOnlyFromTheWorkerThatHasTheClaim) {
  d.connect("v", 8);
  wire::Report report;
  report.session = SessionId{8};
  report.claim = claim;
  report.build = BuildId{50};
  report.sequence = 1;
  d.say("v@8", "v", report);
  EXPECT_EQ(d.message<wire::Fenced>("v@8").claim, claim);
  d.say("v@8", "v", wire::Question{SessionId{8}, claim, BuildId{50}, 1, "call"});
  d.message<wire::Fenced>("v@8");
  EXPECT_TRUE(d.quiet());
  EXPECT_EQ(d.core.running_count(), 1u);
}

// A worker that stood still for its lease forgets its build, and may then take the welcome of its hello
// before.
TEST_F(DispatcherProgress, AHeartbeatWithoutARunningBuildAsksForAnotherHello) {
  d.say(kPeer, "w", wire::Heartbeat{kSession, 1, {}, 1});
  d.commit<store::WorkerRenew>();
  EXPECT_FALSE(d.message<wire::Rehello>(kPeer).superseded);
  EXPECT_EQ(d.core.running_count(), 0u) << "the hello says what has become of it";
}

}  // namespace
}  // namespace headrace::dispatcher
