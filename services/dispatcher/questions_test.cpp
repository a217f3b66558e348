// SPDX-License-Identifier: Apache-2.0
// The questions of a running build.
#include <gtest/gtest.h>

#include "dispatcher/testing/test_dispatcher.hpp"

namespace headrace::dispatcher {
namespace {

constexpr auto kConfiguration = R"(
worker 'w' { slots = 2 }
builder 'a' { workers = 'w', max_builds_per_worker = 2, steps = { step.shell { command = 'x',
  do_step_if = function(build) if build.properties.bad then error('no way') end return build.properties.go end } } }
)";
const SessionId kSession{1};

// Build 50 of request 1 runs on worker w.
class DispatcherQuestions : public testing::Test {
 protected:
  DispatcherQuestions() : d(kConfiguration) {
    d.connect("w", kSession.value);
    d.request(1, {"a"});
    claim = d.running(1, 50, "w", kSession.value);
    call.function = d.configuration->site().builder("a")->steps.at(0).do_step_if["$question"].as_int();
  }
  wire::Question question() const { return {kSession, claim, BuildId{50}, 3, "call", wire::to_value(call)}; }
  const std::string kPeer = "w@1";
  TestDispatcher d;
  wire::Claim claim;
  wire::CallArguments call;
};

TEST_F(DispatcherQuestions, TheAnswerIsStoredBeforeItIsSent) {
  call.properties["go"] = {"yes", "step"};
  d.say(kPeer, "w", question());
  const auto answered = d.commit<store::StoreAnswer>();
  EXPECT_EQ(answered->claim, claim);
  EXPECT_EQ(answered->question, 3);
  EXPECT_EQ(answered->answer.at("value"), json::Value("yes"));
  EXPECT_TRUE(d.quiet());
  answered.ok(json::Object{{"value", "the first answer"}, {"error", nullptr}});
  const auto answer = d.message<wire::Answer>(kPeer);
  EXPECT_EQ(answer.claim, claim);
  EXPECT_EQ(answer.id, 3);
  EXPECT_EQ(answer.value, json::Value("the first answer")) << "what the store has, whoever was first";
  EXPECT_EQ(answer.error, std::nullopt);
}

TEST_F(DispatcherQuestions, AFunctionThatFailsIsAnAnswerToo) {
  call.properties["bad"] = {true, "step"};
  d.say(kPeer, "w", question());
  const auto answered = d.commit<store::StoreAnswer>();
  EXPECT_EQ(answered->answer.at("error"), json::Value("headrace.lua:4: no way"));
  answered.ok(answered->answer);
  EXPECT_EQ(d.message<wire::Answer>(kPeer).error, "headrace.lua:4: no way");
}

TEST_F(DispatcherQuestions, TheBuildsOwnConfigurationAnswers) {
  d.configure(
      config::evaluated(
          "worker 'w' { slots = 2 } builder 'a' { workers = 'w', steps = step.shell { command = 'x',\n"
          "do_step_if = function(build) return 'new' end } }"),
      8);
  call.properties["go"] = {"old", "step"};
  d.say(kPeer, "w", question());
  EXPECT_EQ(d.commit<store::StoreAnswer>()->answer.at("value"), json::Value("old"));
}

TEST_F(DispatcherQuestions, AQuestionThatNobodyKnowsIsAnsweredWithAnError) {
  auto strange = question();
  strange.verb = "divine";
  d.say(kPeer, "w", strange);
  EXPECT_EQ(d.commit<store::StoreAnswer>()->answer.at("error"),
            json::Value("this dispatcher does not know the question 'divine'"));
  strange.verb = "call";
  strange.arguments = json::Object{{"function", "seven"}};
  d.say(kPeer, "w", strange);
  EXPECT_EQ(d.commit<store::StoreAnswer>()->answer.at("error"),
            json::Value("the arguments of the question cannot be read: function: no integer"));
}

TEST_F(DispatcherQuestions, AQuestionUnderAnOldClaimIsFenced) {
  claim.nonce = "nonce0";
  d.say(kPeer, "w", question());
  EXPECT_EQ(d.message<wire::Fenced>(kPeer).claim.nonce, "nonce0");
  EXPECT_TRUE(d.quiet());
}

}  // namespace
}  // namespace headrace::dispatcher
