// SPDX-License-Identifier: Apache-2.0
// A loop without end in the configuration: reading it ends with the place; called later, it ends what asked,
// and nothing else.
#include <gtest/gtest.h>

#include "support/headrace_up.hpp"

namespace headrace::test {
namespace {

const std::string kStopped = "is there a loop without end?";

const std::string kGood =
    "worker.embedded \"local\" { slots = 4 }\n"
    "hook.base {}\n"
    "builder \"good\" { workers = { \"local\" }, steps = { step.shell \"say\" { "
    "command = \"echo good\" } } }\n"
    "scheduler.branch \"good\" { branch = \"main\", builders = { \"good\" } }\n";

const std::string kLoop = "local n = 0\nwhile true do\n  n = n + 1\nend\n";

void post(const HeadraceUp& up, const std::string& revision) {
  up.post_change({{"author", "ann"}, {"comments", "c"}, {"branch", "main"}, {"revision", revision}});
}

TEST(BadConfiguration, ALoopWithoutEndIsNamedWithItsPlaceAndAppliesNothing) {
  HeadraceUp up(kGood);
  up.start();
  up.write_config(kGood + kLoop);  // its lines 5 to 8
  const auto began = std::chrono::steady_clock::now();
  const auto checked = run({HeadraceUp::binary("headrace"), "check", up.config()});
  const auto applied = up.headrace({"apply", up.config()});
  EXPECT_LT(std::chrono::steady_clock::now() - began, 20s);
  for (const auto& done : {checked, applied}) {
    EXPECT_EQ(done.status, 2);
    EXPECT_EQ(done.out, "");
    EXPECT_TRUE(done.err.find("headrace.lua:6: ran more than") == 0 ||
                done.err.find("headrace.lua:7: ran more than") == 0)
        << done.err;
    EXPECT_NE(done.err.find(kStopped), std::string::npos) << done.err;
  }
  EXPECT_NE(applied.err.find("nothing was changed"), std::string::npos) << applied.err;

  post(up, "1");
  EXPECT_EQ(up.wait_build("good", 1)["results"].int_or(-1), 0) << up.everything_said();
  EXPECT_EQ(up.headrace({"log", "good#1", "--channels", "o"}).out, "good\n");
  up.write_config(kGood);
  EXPECT_NE(up.headrace({"apply", up.config()}).out.find("configuration 1 was current already"),
            std::string::npos);
  EXPECT_EQ(up.stop(), 0);
}

// Each of the functions stands alone on its line, so that the place can be told.
const std::string kLoopsLater = kGood + R"(
local function forever() local n = 0 while true do n = n + 1 end end
builder "condition" { workers = { "local" }, steps = {
  step.shell "maybe" { command = "echo never", do_step_if = forever },
} }
builder "property" { workers = { "local" }, properties = { endless = forever }, steps = {
  step.shell "say" { command = "echo never" },
} }
builder "filtered" { workers = { "local" }, steps = { step.shell "say" { command = "echo never" } } }
scheduler.branch "bad steps" { branch = "main", builders = { "condition", "property" } }
scheduler.branch "bad filter" { branch = "main", builders = { "filtered" }, change_filter = { filter_fn = forever } }
)";
const std::string kForever = "headrace.lua:6: ran more than";

TEST(BadConfiguration, ALoopInAFunctionEndsWhatAskedForItAndTheOthersGoOn) {
  HeadraceUp up(kLoopsLater);
  up.start();
  for (int round = 1; round <= 2; ++round) {
    post(up, std::to_string(round));
    EXPECT_EQ(up.wait_build("good", round)["results"].int_or(-1), 0) << up.everything_said();

    const auto condition = up.wait_build("condition", round);
    EXPECT_EQ(condition["results"].int_or(-1), 4) << up.everything_said();
    const auto why = up.raw_log(condition["buildid"].int_or(0), "maybe", "err_text");
    EXPECT_NE(why.find(kForever), std::string::npos) << why;
    EXPECT_NE(why.find(kStopped), std::string::npos) << why;

    const auto property = up.wait_build("property", round);
    EXPECT_EQ(property["results"].int_or(-1), 4) << up.everything_said();
    const auto words = property["state_string"].string_or("");
    EXPECT_NE(words.find("property endless of builder property: " + kForever), std::string::npos) << words;

    const auto line = "scheduler bad filter ignores change " + std::to_string(round) + ": " + kForever;
    wait_for(
        "the scheduler's complaint", HeadraceUp::kLimit,
        [&] { return up.log_of("scheduler").find(line) != std::string::npos; },
        [&] { return up.everything_said(); });
  }
  EXPECT_EQ(up.wait_builds(6).size(), 6u) << "nothing is built that the filter did not let through";
  for (const char* service : {"dispatcher", "scheduler"})
    EXPECT_EQ(up.program().output().find(std::string(service) + " ended"), std::string::npos)
        << up.program().output();
  EXPECT_EQ(up.stop(), 0);
}

}  // namespace
}  // namespace headrace::test
