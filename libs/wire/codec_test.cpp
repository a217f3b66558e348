// SPDX-License-Identifier: Apache-2.0
#include "wire/codec.hpp"

#include <gtest/gtest.h>

#include "wire/event.hpp"
#include "wire/plan.hpp"
#include "wire/records.hpp"
#include "wire/worker_protocol.hpp"

namespace headrace::wire {
namespace {

// One filled example of each message, so that truncation meets every field.
Change a_change() {
  Change c;
  c.author = "Ann <ann@example.org>";
  c.comments = "mend the sluice";
  c.files = {"a.c", "b.c"};
  c.revision = "abc";
  c.when_ms = 1'700'000'000'123;
  c.properties["x"] = {json::Array{1, "two", nullptr, 2.5}, "Change"};
  return c;
}
StepRecord a_step() {
  StepRecord s;
  s.number = 3;
  s.name = "compile";
  s.results = Results::warnings;
  s.urls = {{"site", "http://localhost/"}};
  LogRecord log;
  log.name = log.slug = "stdio";
  log.size_bytes = 1 << 20;
  s.logs = {log};
  return s;
}
Report a_report() {
  Report r;
  r.session.value = 7;
  r.claim = {RequestId{5}, "0123456789abcdef0123456789abcdef"};
  r.sequence = 2;
  r.logs = {{0, 0, 65536, std::string("\0\xff\x01", 3)}};
  ProgressItem item;
  item.step = a_step();
  item.finish = ProgressItem::Finish{Results::failure, "failed compile"};
  r.items = {item};
  return r;
}
BuildPlan a_plan() {
  BuildPlan p;
  p.request.value = 5;
  StepPlan s;
  s.kind = "command";
  s.command = json::Array{"make", "-j2"};
  s.decode_rc = {{0, Results::success}, {1, Results::warnings}};
  s.warning_pattern = "warning";
  p.steps = {s};
  p.isolation = {"process", true, {"/opt/sdk"}, {"~/.cache"}};
  return p;
}

template <class M>
void refuses_every_truncated_prefix(const M& message) {
  const std::string bytes = encode(message);
  const auto back = decode<M>(bytes);
  ASSERT_TRUE(back) << back.error().text;
  EXPECT_EQ(encode(*back), bytes);
  for (std::size_t n = 0; n < bytes.size(); ++n) EXPECT_FALSE(decode<M>(bytes.substr(0, n))) << n;
  EXPECT_FALSE(decode<M>(bytes + "x"));
}

TEST(Codec, ReadsBackEveryNumberOfJson) {
  for (const double number : {1e19, 1.8e19, 1e300, -1e19, 2.5, -0.5}) {
    const auto value = decode_value(encode_value(json::Object{{"a", number}}));
    ASSERT_TRUE(value) << number << ": " << value.error().text;
    EXPECT_EQ((*value)["a"], json::Value(number));
  }
  Change change;
  change.properties["size"] = {1e19, "Change"};
  const auto again = decode<Change>(encode(change));
  ASSERT_TRUE(again) << again.error().text;
  EXPECT_EQ(again->properties, change.properties);
}

}  // namespace

TEST(Codec, RoundTripsAndRefusesEveryTruncatedPrefixOfRecords) {
  refuses_every_truncated_prefix(a_change());
  refuses_every_truncated_prefix(a_step());
  refuses_every_truncated_prefix(a_plan());
  Buildset set;
  set.scheduler = "main";
  set.external_id = "x-1";
  set.sourcestamps = {{"app", "/srv/app", "p", "main", std::nullopt}};
  set.changes = {ChangeId{7}, ChangeId{9}};
  set.properties["p"] = {1, "Scheduler"};
  set.requests = {{RequestId{}, "a", -5}};
  refuses_every_truncated_prefix(set);
  Build build;
  build.request.value = 5;
  build.builder = "a";
  build.results = Results::retry;
  build.properties["p"] = {json::Object{{"k", false}}, "Build"};
  build.sourcestamps = set.sourcestamps;
  build.steps = {a_step(), a_step()};
  refuses_every_truncated_prefix(build);
  refuses_every_truncated_prefix(WorkerInfo{"mill", "0.1.0", {{"numcpus", "2"}}});
}

TEST(Codec, RoundTripsAndRefusesEveryTruncatedPrefixOfMessages) {
  const Claim claim{RequestId{5}, "0123456789abcdef0123456789abcdef"};
  const SessionId session{7};
  refuses_every_truncated_prefix(
      Hello{kWorkerProtocol, "0123456789abcdef", 7, "", {"mill", "1", {}}, {claim}});
  HeldState held;
  held.claim = claim;
  held.keep = held.running = held.cancel = true;
  held.logs = {{0, 1, 65536}};
  held.reason = "stop";
  refuses_every_truncated_prefix(Welcome{"0123456789abcdef", 7, session, "mill", 30'000, 5'000, 2, {held}});
  refuses_every_truncated_prefix(Rehello{session, true, "two of you"});
  refuses_every_truncated_prefix(Ready{session, 2});
  refuses_every_truncated_prefix(Offer{session, claim, 5'000, encode(a_plan())});
  refuses_every_truncated_prefix(Accept{session, claim});
  refuses_every_truncated_prefix(Refuse{session, claim, "no free slot"});
  refuses_every_truncated_prefix(Accepted{claim, BuildId{50}, 3, 1'700'000'000'123});
  refuses_every_truncated_prefix(Fenced{claim, "given away"});
  refuses_every_truncated_prefix(a_report());
  refuses_every_truncated_prefix(Reported{claim, 2, true, {{0, 0, 65536}}});
  const CallArguments call{12, 1, Results::failure, Results::warnings, {{"p", {"v", "step"}}}};
  refuses_every_truncated_prefix(call);
  refuses_every_truncated_prefix(Question{session, claim, BuildId{50}, 1, "call", to_value(call)});
  refuses_every_truncated_prefix(Answer{claim, 1, json::Array{true, nullptr}, "no such property"});
  refuses_every_truncated_prefix(Heartbeat{session, 1, {claim, claim}});
  refuses_every_truncated_prefix(HeartbeatReply{session, {{claim, true, false, "stop"}}});
  refuses_every_truncated_prefix(Probe{session, 77});
  refuses_every_truncated_prefix(Goodbye{session, "SIGTERM"});
}

TEST(Codec, AStructInsideOfAMessageIsAnObject) {
  const CallArguments call{12, 1, Results::failure, Results::warnings, {{"p", {"v", "step"}}}};
  const auto value = to_value(call);
  EXPECT_EQ(value["function"], json::Value(12));
  EXPECT_EQ(value["properties"]["p"], json::Value(json::Array{"v", "step"}));
  const auto back = from_value<CallArguments>(value);
  ASSERT_TRUE(back);
  EXPECT_EQ(back->results, Results::failure);
  EXPECT_EQ(from_value<CallArguments>("no object").error().text, "no map");
}

TEST(Codec, BytesArePackedAsBinaryAndTextsAsText) {
  const auto type_before = [](const std::string& packed, const std::string& content) {
    const auto at = packed.find(content);
    return at == std::string::npos ? 0 : static_cast<unsigned char>(packed[at - 2]);
  };
  Report report;
  report.logs = {{0, 0, 0, "chunk of bytes"}};
  EXPECT_EQ(type_before(encode(report), "chunk of bytes"), 0xc4) << "bin 8";
  EXPECT_EQ(type_before(encode(Goodbye{{}, std::string(40, 'x')}), std::string(40, 'x')), 0xd9) << "str 8";
}

TEST(Codec, NamesTheFieldOfTheWrongType) {
  json::Object o{{"v", 1}, {"author", 5}};
  const auto r = decode<Change>(encode_value(o));
  ASSERT_FALSE(r);
  EXPECT_EQ(r.error().text, "author: no string");
}

TEST(Codec, RefusesAnotherVersionAndKeepsDefaultsOfMissingFields) {
  EXPECT_FALSE(decode<Change>(encode_value(json::Object{{"v", 2}})));
  const auto r = decode<Change>(encode_value(json::Object{{"v", 1}, {"unknown", "ignored"}}));
  ASSERT_TRUE(r);
  EXPECT_EQ(r->author, "");
  EXPECT_FALSE(r->revision);
}

TEST(Codec, RefusesResultCodesThatDoNotExist) {
  EXPECT_FALSE(decode<StepRecord>(encode_value(json::Object{{"v", 1}, {"results", 7}})));
}

TEST(Event, ReadsTheEnvelopeAndItsFrames) {
  const std::string envelope = encode_value(
      json::Array{12, "tagb", "taga", "build.new.hello", 1700000000000, json::Object{{"buildid", 3}}});
  const auto e = decode_event(envelope, "body");
  ASSERT_TRUE(e) << e.error().text;
  EXPECT_EQ(e->number.value, 12);
  EXPECT_EQ(e->id("buildid"), 3);
  EXPECT_TRUE(e->is("build.new"));
  EXPECT_FALSE(e->is("build.ne"));
  auto frames = to_frames(*e, envelope);
  EXPECT_TRUE(event_from_frames(frames));
  frames[1] = "13";
  EXPECT_FALSE(event_from_frames(frames));
  for (std::size_t n = 0; n < envelope.size(); ++n)
    EXPECT_FALSE(decode_event(envelope.substr(0, n), "")) << n;
}

}  // namespace headrace::wire
