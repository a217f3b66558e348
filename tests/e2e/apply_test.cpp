// SPDX-License-Identifier: Apache-2.0
// A new configuration switches a running system; a bad one changes nothing.
#include <gtest/gtest.h>

#include "support/headrace_up.hpp"

namespace headrace::test {
namespace {

std::string config(const std::string& word) {
  return "worker.embedded \"local\" {}\n"
         "builder \"b\" { workers = { \"local\" }, steps = { step.shell \"say\" { "
         "command = \"echo " +
         word +
         "\" } } }\n"
         "scheduler.force \"force\" { builders = { \"b\" } }\n";
}

TEST(Apply, AGoodOneSwitchesARunningSystemAndABadOneChangesNothing) {
  HeadraceUp up(config("first"));
  up.start();
  ASSERT_EQ(up.headrace({"force", "b", "--wait"}).status, 0) << up.everything_said();

  up.write_config(config("second"));
  const auto applied = up.headrace({"apply", up.config()});
  EXPECT_EQ(applied.status, 0) << applied.err;
  EXPECT_NE(applied.out.find("configuration 2 is current"), std::string::npos) << applied.out;
  EXPECT_NE(up.headrace({"apply", up.config()}).out.find("was current already"), std::string::npos);
  ASSERT_EQ(up.headrace({"force", "b", "--wait"}).status, 0) << up.everything_said();
  EXPECT_EQ(up.headrace({"log", "b#1", "--channels", "o"}).out, "first\n");
  EXPECT_EQ(up.headrace({"log", "b#2", "--channels", "o"}).out, "second\n");

  up.write_config(config("third") +
                  "builder \"c\" { workers = { \"nobody\" }, steps = {} }\nsheduler.force \"x\" {}\n");
  const auto bad = up.headrace({"apply", up.config()});
  EXPECT_EQ(bad.status, 2);
  EXPECT_NE(bad.err.find("headrace.lua:4: "), std::string::npos) << bad.err;
  EXPECT_NE(bad.err.find("headrace.lua:5: "), std::string::npos) << "every mistake in one run: " << bad.err;
  EXPECT_NE(bad.err.find("scheduler"), std::string::npos) << "the nearest known word: " << bad.err;
  const auto checked = run({HeadraceUp::binary("headrace"), "check", up.config()});
  EXPECT_EQ(checked.status, 2);
  EXPECT_NE(checked.err.find("headrace.lua:4: "), std::string::npos) << checked.err;
  ASSERT_EQ(up.headrace({"force", "b", "--wait"}).status, 0);
  EXPECT_EQ(up.headrace({"log", "b#3", "--channels", "o"}).out, "second\n");
  EXPECT_EQ(up.stop(), 0);
}

}  // namespace
}  // namespace headrace::test
