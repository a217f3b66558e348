// SPDX-License-Identifier: Apache-2.0
#include "wire/events.hpp"

#include <gtest/gtest.h>

#include "wire/codec.hpp"

namespace headrace::wire {
namespace {

Event event(std::string topic, std::map<std::string, std::int64_t, std::less<>> ids, std::string body = "") {
  Event out;
  out.topic = std::move(topic);
  out.ids = std::move(ids);
  out.body = std::move(body);
  out.at_ms = 1000;
  return out;
}

}  // namespace

TEST(Events, ABuildsetKnowsTheIdsOfItsRequests) {
  Buildset set;
  set.requests = {{{}, "a", 0}, {{}, "b", 5}};
  const auto e = event("buildset.new", {{"bsid", 3}, {"first_request", 7}}, encode(set));
  const auto typed = read_event(e);
  const auto read = std::get<BuildsetNew>(typed).set();
  ASSERT_TRUE(read);
  EXPECT_EQ(read->id, BuildsetId{3});
  EXPECT_EQ(read->submitted_ms, 1000);
  EXPECT_EQ(read->requests.at(0).id, RequestId{7});
  EXPECT_EQ(read->requests.at(1).id, RequestId{8});
}

TEST(Events, ABuilderWithDotsInItsNameIsKeptWhole) {
  const auto e =
      event("build.finished.a.b", {{"buildid", 4}, {"number", 2}, {"results", 2}, {"previous", -1}});
  const auto finished = std::get<BuildFinished>(read_event(e));
  EXPECT_EQ(finished.builder, "a.b");
  EXPECT_EQ(finished.id, BuildId{4});
  EXPECT_EQ(finished.results, Results::failure);
  EXPECT_FALSE(finished.previous);
  EXPECT_FALSE(finished.build()) << "an empty body is no build";
}

TEST(Events, AReasonIsReadFromItsMap) {
  const auto e = event("request.cancel", {{"request", 1}, {"buildid", 9}},
                       encode_value(json::Object{{"reason", "enough"}}));
  const auto cancel = std::get<RequestCancelWanted>(read_event(e));
  EXPECT_EQ(cancel.build, BuildId{9});
  EXPECT_EQ(cancel.reason(), "enough");
}

TEST(Events, ATopicThatOnlyBeginsAlikeIsUnknown) {
  EXPECT_TRUE(std::holds_alternative<UnknownEvent>(read_event(event("change.newer", {}))));
  EXPECT_TRUE(std::holds_alternative<UnknownEvent>(read_event(event("", {}))));
}

TEST(Events, HandlersAreChosenByType) {
  const auto e = event("worker.connected.w1", {{"session", 5}});
  std::string heard;
  std::visit(On{[&](const WorkerConnected& w) { heard = w.name; }, [&](const auto&) { heard = "another"; }},
             read_event(e));
  EXPECT_EQ(heard, "w1");
}

}  // namespace headrace::wire
