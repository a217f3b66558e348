// SPDX-License-Identifier: Apache-2.0
// Who a worker is: lives of its process, the order of their hellos, challenges; on a real Redis.
#include "store/testing/functions.hpp"

namespace headrace::store {
namespace {

class Sessions : public Functions {
 protected:
  static constexpr const char* kFirst = "1111111111111111";
  static constexpr const char* kSecond = "2222222222222222";

  static std::vector<std::string> hello_of(const std::string& instance, int number,
                                           const std::string& replaces = "") {
    return {"w1", instance, "d1", "30000", map_body(), "0", std::to_string(number), replaces};
  }
  std::int64_t say(const std::string& instance, int number, const std::string& replaces = "") {
    return good("worker_hello", hello_of(instance, number, replaces)).as_array()[0].as_int();
  }
  std::string refuse(const std::string& instance, int number) {
    return refused("worker_hello", hello_of(instance, number));
  }
  void renew(std::int64_t session, int expected = 1) {
    EXPECT_EQ(good("worker_renew", {"30000", "1", "w1", std::to_string(session)}),
              json::Value(json::Array{expected}));
  }
  void let_pass(std::int64_t ms, std::int64_t session) {
    for (std::int64_t done = 0; done < ms; done += 1000) {
      pass(1000);
      renew(session);
    }
  }
};

TEST_F(Sessions, AHelloBeforeTheLastOneOfItsLifeIsLate) {
  const auto third = say(kFirst, 3);
  EXPECT_TRUE(refuse(kFirst, 2).starts_with("late"));
  EXPECT_TRUE(refuse(kFirst, 3).starts_with("late")) << "a doubled one too";
  renew(third);
  EXPECT_GT(say(kFirst, 4), third);
  renew(third, 0);
}

TEST_F(Sessions, OfAnOlderProgramHellosAreNotNumbered) {
  const auto first = hello(), second = hello();
  EXPECT_GT(second, first);
}

TEST_F(Sessions, ALateHelloOfALifeThatSaidGoodbyeIsLate) {
  const auto s = say(kFirst, 2);
  good("worker_gone", {"w1", std::to_string(s), "goodbye"});
  EXPECT_TRUE(refuse(kFirst, 1).starts_with("late"));
}

TEST_F(Sessions, TheLifeThatAnswersStays) {
  const auto first = say(kFirst, 1);
  pass(1000);
  EXPECT_EQ(say(kSecond, 1), 0);
  ASSERT_EQ(topics(), std::vector<std::string>{"worker.challenged.w1"});
  EXPECT_EQ(last.events.at(0).id("session"), first);
  const auto challenge = std::to_string(last.events.at(0).id("challenge"));
  EXPECT_EQ(say(kSecond, 2), 0);
  EXPECT_TRUE(topics().empty()) << "asked once";
  EXPECT_TRUE(refused("worker_answers", {"w1", std::to_string(first + 1), challenge}).starts_with("session"));
  good("worker_answers", {"w1", std::to_string(first), challenge});
  EXPECT_TRUE(refused("worker_answers", {"w1", std::to_string(first), challenge}).starts_with("stale"));
  EXPECT_TRUE(refuse(kSecond, 3).starts_with("held"));
  let_pass(5000, first);
  EXPECT_TRUE(refuse(kSecond, 4).starts_with("held"));
  renew(first);
}

TEST_F(Sessions, TheLifeThatDoesNotAnswerIsOver) {
  const auto first = say(kFirst, 1);
  EXPECT_EQ(say(kSecond, 1), 0);
  pass(1000);
  renew(first);  // of something that was heard before: no answer
  EXPECT_EQ(say(kSecond, 2), 0);
  pass(1000);
  EXPECT_GT(say(kSecond, 3), first);
  EXPECT_EQ(last.events.at(0).id("taken_over"), 1);
  renew(first, 0);
}

TEST_F(Sessions, AnAnswerHoldsForAWhile) {
  const auto first = say(kFirst, 1);
  pass(1);
  EXPECT_EQ(say(kSecond, 1), 0);
  good("worker_answers", {"w1", std::to_string(first), std::to_string(last.events.at(0).id("challenge"))});
  let_pass(11'000, first);
  EXPECT_EQ(say(kSecond, 2), 0) << "asked again";
  EXPECT_EQ(topics(), std::vector<std::string>{"worker.challenged.w1"});
}

TEST_F(Sessions, AHelloOfTheChallengedLifeIsAnAnswer) {
  const auto first = say(kFirst, 1);
  EXPECT_EQ(say(kSecond, 1), 0);
  const auto again = say(kFirst, 2);
  EXPECT_GT(again, first);
  EXPECT_EQ(last.events.at(0).id("taken_over"), 0);
  EXPECT_TRUE(refuse(kSecond, 2).starts_with("held"));
}

TEST_F(Sessions, WhatIsCertainlyOverNeedsNoChallenge) {
  const auto first = say(kFirst, 1);
  const auto second = say(kSecond, 1, kFirst);
  EXPECT_GT(second, first);
  good("worker_gone", {"w1", std::to_string(second), "goodbye"});
  EXPECT_GT(say(kFirst, 1), second) << "nobody is there";
}

TEST_F(Sessions, ALifeWhoseLeaseHasRunOutIsNotAsked) {
  const auto first = say(kFirst, 1);
  pass(31'000);
  EXPECT_GT(say(kSecond, 1), first);
}

// The time between two ticks is no part of a lease.
TEST_F(Sessions, ALeaseThatBeginsBetweenTwoTicksIsWhole) {
  good("tick", {"workers"});
  clock(1'700'000'000'000 + 900);
  const auto s = std::to_string(say(kFirst, 1));
  for (int i = 1; i <= 30; ++i) {
    clock(1'700'000'000'000 + 900 + i * 1000 - 1);
    good("tick", {"workers"});
    EXPECT_TRUE(refused("worker_gone", {"w1", s, "expired"}).starts_with("early")) << i;
  }
  clock(1'700'000'000'000 + 900 + 30'000);
  good("tick", {"workers"});
  good("worker_gone", {"w1", s, "expired"});
}

}  // namespace
}  // namespace headrace::store
