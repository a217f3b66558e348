// SPDX-License-Identifier: Apache-2.0
#include "service/live_config.hpp"

#include <gtest/gtest.h>

#include <deque>

namespace headrace::service {
namespace {

// A house whose Redis answers when the test says so.
class PaperHouse : public House {
 public:
  void loaded(events::Cursor) override {}
  void reload(const std::string& reason) override { reloads.push_back(reason); }
  bool is_loaded() const override { return true; }
  void commit_call(store::Call, std::function<void(store::Reply)>) override {}
  void ask(const std::function<store::Round(const store::KeyNames&)>& start) override {
    rounds.push_back(start(keys_));
  }
  MonoTime now() const override { return {}; }
  WallTime wall_now() const override { return {}; }
  void call_at(MonoTime, std::function<void()>) override {}
  const std::string& instance() const override { return keys_.prefix(); }
  process::Metrics& metrics() override { return metrics_; }

  /// Answers the oldest question.
  void answer(store::RedisReply reply) {
    const auto round = std::move(rounds.front());
    rounds.pop_front();
    store::take_answers(round, {std::move(reply)});
  }

  std::deque<store::Round> rounds;
  std::vector<std::string> reloads;

 private:
  store::KeyNames keys_{"{t}:"};
  process::Metrics metrics_;
};

store::RedisReply reply(store::RedisReply::Kind kind, std::string text) {
  store::RedisReply out;
  out.kind = kind;
  out.text = std::move(text);
  return out;
}

class LiveConfigTest : public testing::Test {
 protected:
  PaperHouse house;
  int evaluated = 0;
  LiveConfig config{house, [this](const config::Files& files, std::vector<config::Problem>& problems) {
                      ++evaluated;
                      return config::Configuration::evaluate(files, problems);
                    }};
};

// A dispatcher that comes back adopts all running builds at once, and each asks for the version it began
// with.
TEST_F(LiveConfigTest, AVersionIsEvaluatedOnceForAllWhoAskAtOnce) {
  std::vector<std::shared_ptr<config::Configuration>> given;
  for (int i = 0; i < 3; ++i)
    config.at(ConfigVersion{7},
              [&](std::shared_ptr<config::Configuration> c) { given.push_back(std::move(c)); });
  const auto files = config::pack({"headrace.lua", {{"headrace.lua", R"(site{ title = "Example" })"}}, {}});
  while (!house.rounds.empty()) house.answer(reply(store::RedisReply::Kind::string, files));
  ASSERT_EQ(given.size(), 3u);
  ASSERT_TRUE(given[0]);
  EXPECT_EQ(given[0], given[1]);
  EXPECT_EQ(given[1], given[2]);
  EXPECT_EQ(evaluated, 1);
}

// What was restored from a backup counts versions on from there: another configuration may get the number.
TEST_F(LiveConfigTest, ANumberThatRedisGaveToAnotherConfigurationIsReadAgain) {
  const auto files_with = [](const std::string& title) {
    return config::pack({"headrace.lua", {{"headrace.lua", "site{ title = '" + title + "' }"}}, {}});
  };
  const auto refresh = [&](const char* version, const std::optional<std::string>& files) {
    config.refresh([] {});
    house.answer(reply(store::RedisReply::Kind::string, version));
    if (files) house.answer(reply(store::RedisReply::Kind::string, *files));
    ASSERT_TRUE(house.rounds.empty());
  };
  refresh("2", files_with("one"));
  const auto first = config.current();
  refresh("2", files_with("one"));
  EXPECT_EQ(config.current(), first) << "not evaluated again";
  refresh("2", files_with("other"));
  EXPECT_EQ(config.current()->site().title, "other");
  refresh("1", files_with("before"));
  EXPECT_EQ(config.version(), ConfigVersion{1});
  EXPECT_EQ(config.tried(), ConfigVersion{1}) << "2 will be news";
  EXPECT_EQ(evaluated, 3);
}

// "Redis is busy" is not "no configuration was ever applied".
TEST_F(LiveConfigTest, AnErrorOfRedisReloadsInsteadOfPassingForNoConfiguration) {
  bool answered = false;
  config.refresh([&] { answered = true; });
  house.answer(reply(store::RedisReply::Kind::error, "BUSY Redis is busy running a script"));
  EXPECT_FALSE(answered);
  EXPECT_EQ(house.reloads, std::vector<std::string>{"Redis: BUSY Redis is busy running a script"});
}

}  // namespace
}  // namespace headrace::service
