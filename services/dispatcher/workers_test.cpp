// SPDX-License-Identifier: Apache-2.0
#include "dispatcher/workers.hpp"

#include <gtest/gtest.h>

#include "config/test_support.hpp"

namespace headrace::dispatcher {
namespace {

using Texts = std::vector<std::string>;

class WorkersTest : public testing::Test {
 protected:
  WorkersTest()
      : configuration(config::evaluated(R"(
          worker 'a' { slots = 2 } worker 'b' { slots = 3 } worker 'c' {} worker 'd' { slots = 3 }
          builder 'all' { workers = { 'a', 'b', 'c', 'd' }, max_builds_per_worker = 2, steps = step.compile {} }
          builder 'few' { workers = { 'd', 'c' }, steps = step.compile {} })")),
        all(*configuration->site().builder("all")),
        few(*configuration->site().builder("few")) {
    workers.configure(&configuration->site());
  }
  void connect(const std::string& name, int free_slots) {
    Link link;
    link.session = SessionId{1};
    link.spoken = true;
    link.free_slots = free_slots;
    workers.add(name, link);
  }
  Texts free_for(const config::Builder& builder) { return workers.free_for(builder, now, 8); }

  std::shared_ptr<config::Configuration> configuration;
  const config::Builder &all, &few;
  Workers workers;
  MonoTime now{1000ms};
};

TEST_F(WorkersTest, TheIdlestComeFirstThenTheOrderOfTheConfiguration) {
  for (const char* name : {"d", "c", "b", "a"}) connect(name, 9);
  EXPECT_EQ(free_for(all), (Texts{"b", "d", "a", "c"}));
  EXPECT_EQ(free_for(few), (Texts{"d", "c"}));
  EXPECT_EQ(workers.free_for(all, now, 1), Texts{"b"});
}

TEST_F(WorkersTest, SlotsThatAreTakenCount) {
  for (const char* name : {"a", "b"}) connect(name, 9);
  workers.reserve("b", "all");
  workers.add_claim("b", RequestId{1}, "few");
  EXPECT_EQ(free_for(all), (Texts{"a", "b"}));
  workers.add_claim("b", RequestId{2}, "few");
  EXPECT_EQ(free_for(all), Texts{"a"});
  workers.unreserve("b", "all");
  workers.remove_claim("b", RequestId{2}, "few");
  EXPECT_EQ(free_for(all), (Texts{"a", "b"}));
  workers.erase("a");
  EXPECT_EQ(free_for(all), Texts{"b"});
}

TEST_F(WorkersTest, ABuilderHasItsShareOfAWorker) {
  connect("b", 9);
  workers.add_claim("b", RequestId{1}, "all");
  workers.add_claim("b", RequestId{2}, "all");
  EXPECT_EQ(free_for(all), Texts{}) << "two of them";
  EXPECT_TRUE(workers.any_free()) << "for others";
}

TEST_F(WorkersTest, WhoSaysItIsFullOrWantsToBeLeftAloneIsNot) {
  connect("a", 0);
  EXPECT_FALSE(workers.any_free());
  workers.find("a")->free_slots = 1;
  workers.update("a");
  workers.find("a")->not_before = now + 1ms;
  EXPECT_EQ(free_for(all), Texts{});
  now += 1ms;
  EXPECT_EQ(free_for(all), Texts{"a"});
}

TEST_F(WorkersTest, AnotherConfigurationCountsAnew) {
  for (const char* name : {"a", "stranger"}) connect(name, 9);
  EXPECT_EQ(free_for(all), Texts{"a"});
  const auto other = config::evaluated(
      "worker 'stranger' {} builder 'all' { workers = 'stranger', steps = step.compile {} }");
  workers.configure(&other->site());
  EXPECT_EQ(workers.free_for(*other->site().builder("all"), now, 8), Texts{"stranger"});
  workers.configure(nullptr);
  EXPECT_FALSE(workers.any_free());
}

}  // namespace
}  // namespace headrace::dispatcher
