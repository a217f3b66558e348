// SPDX-License-Identifier: Apache-2.0
#include "web/logs/log_sources.hpp"

#include <gtest/gtest.h>

#include <functional>

namespace headrace::web {
namespace {

// A place that has the log or not, by what the test says at each question.
class Place : public LogSource {
 public:
  void read(const LogAddress&, std::int64_t line, Answer answer) override {
    ++asked;
    if (!has(asked)) return answer(fail("not in " + name));
    answer(LogSlice{line, {name}});
  }
  std::string name;
  std::function<bool(int)> has;  ///< @param time  1 for the first question
  int asked = 0;
};

struct LogSourcesTest : testing::Test {
  LogSourcesTest() {
    running.name = "redis";
    finished.name = "file";
  }
  // Where line 7 was found, or the error's text.
  std::string found(bool complete, std::int64_t lines = 10) {
    std::string out = "no answer";
    LogSources(running, finished).read({BuildId{1}, 0, 0, complete, lines}, 7, [&](Result<LogSlice> slice) {
      out = !slice ? slice.error().text : slice->chunks.empty() ? "nothing" : slice->chunks[0];
    });
    return out;
  }
  Place running, finished;
};

TEST_F(LogSourcesTest, ARunningLogIsInRedisUntilItIsAFile) {
  running.has = [](int) { return true; };
  finished.has = [](int) { return false; };
  EXPECT_EQ(found(false), "redis");
  EXPECT_EQ(finished.asked, 0);
  running.has = [](int) { return false; };
  finished.has = [](int) { return true; };
  EXPECT_EQ(found(false), "file");
}

TEST_F(LogSourcesTest, ALogThatMovesBetweenTwoQuestionsIsFound) {
  running.has = [](int) { return false; };            // dropped, because …
  finished.has = [](int time) { return time >= 2; };  // … it became a file just after it was asked for there
  EXPECT_EQ(found(true), "file");
  EXPECT_EQ(finished.asked, 2);
}

TEST_F(LogSourcesTest, ALogThatIsNowhereIsNamedByTheFirstPlace) {
  running.has = finished.has = [](int) { return false; };
  EXPECT_EQ(found(true), "not in file");
  EXPECT_EQ(found(true, 0), "nothing");
}

}  // namespace
}  // namespace headrace::web
