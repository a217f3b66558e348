// SPDX-License-Identifier: Apache-2.0
#include "worker/core/step_words.hpp"

#include <gtest/gtest.h>

#include "worker/core/environment.hpp"
#include "worker/core/python_words.hpp"
#include "worker/core/shell_quoting.hpp"

namespace headrace::worker {

TEST(StepWords, ShowsTheFirstTwoWordsOfACommand) {
  const auto shown = [](const json::Value& command) {
    return short_command(command_words(command)).value_or("none");
  };
  EXPECT_EQ(shown("make all"), "'make all'");
  EXPECT_EQ(shown("make"), "'make'");
  EXPECT_EQ(shown("  make -j2\tall "), "'make -j2 ...'");
  EXPECT_EQ(shown(json::Array{"make", json::Array{"-j", 2}, "all"}), "'make -j ...'");
  EXPECT_EQ(shown(""), "none");
  EXPECT_EQ(shown(json::Array{}), "none");
}

TEST(ShellQuoting, QuotesAsAShellReadsIt) {
  EXPECT_EQ(shell_quoted({"echo", "a b", "it's", "", "x=1"}), "echo 'a b' 'it'\"'\"'s' '' x=1");
}

TEST(PythonWords, WritesListsAndSeconds) {
  EXPECT_EQ(python_list({"/bin/sh", "-c", "echo 'x'"}), "['/bin/sh', '-c', \"echo 'x'\"]");
  EXPECT_EQ(seconds_text(milliseconds(1500)), "1.5");
}

TEST(StepWords, SaysTheResultInBuildbotsWords) {
  EXPECT_EQ(result_suffix(Results::success, false, false), "");
  EXPECT_EQ(result_suffix(Results::failure, true, false), " (failure) (timed out)");
  EXPECT_EQ(result_suffix(Results::failure, false, true), " (failure) (max lines reached)");
  EXPECT_EQ(identifier("warnings (3)"), "warnings__3_");
  EXPECT_EQ(identifier("err.text"), "err_text");
}

TEST(Environment, MergesExpandsAndRemoves) {
  const Environment own{{"PATH", "/bin"}, {"HOME", "/h"}, {"PYTHONPATH", "/own"}, {"GONE", "x"}};
  const auto merged = merge_environment(own, json::Object{{"PATH", "/opt:${PATH}"},
                                                          {"A", "${HOME}/${NOT_SET}/${bad"},
                                                          {"GONE", nullptr},
                                                          {"PYTHONPATH", json::Array{"a", "b"}},
                                                          {"N", 3}});
  ASSERT_TRUE(merged);
  EXPECT_EQ(*merged, (Environment{{"PATH", "/opt:/bin"},
                                  {"A", "/h//${bad"},
                                  {"HOME", "/h"},
                                  {"N", "3"},
                                  {"PYTHONPATH", "a:b:/own"}}));
}

TEST(Environment, RefusesWhatIsNoVariable) {
  EXPECT_FALSE(merge_environment({}, json::Object{{"A", json::Object{}}}));
  EXPECT_FALSE(merge_environment({}, json::Object{{"A", true}}));
  EXPECT_FALSE(merge_environment({}, json::Object{{"A=B", "x"}}));
  EXPECT_FALSE(merge_environment({}, "A=B"));
}

}  // namespace headrace::worker
