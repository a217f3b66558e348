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

}  // namespace

TEST(Codec, RoundTripsAndRefusesEveryTruncatedPrefix) {
  refuses_every_truncated_prefix(a_change());
  refuses_every_truncated_prefix(a_step());
  refuses_every_truncated_prefix(a_report());
  refuses_every_truncated_prefix(a_plan());
  Hello hello;
  hello.held = {{RequestId{1}, "n"}};
  hello.info.facts["numcpus"] = "2";
  refuses_every_truncated_prefix(hello);
  Answer answer;
  answer.error = "no such property";
  refuses_every_truncated_prefix(answer);
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
