// SPDX-License-Identifier: Apache-2.0
// The page as a person uses it: two hundred builds, one more that appears by itself, its log, a reload, and a
// server that dies under it.
#include <gtest/gtest.h>

#include "support/headrace_up.hpp"
#include "support/webdriver.hpp"

namespace headrace::test {
namespace {

constexpr int kBuilders = 5, kChanges = 40;
const std::vector<std::string> kNames = {"debian", "fedora", "arm", "docs", "lint"};
const std::string kConfig = R"(
site { title = "Millrace" }
worker.embedded "local" { slots = 5 }
hook.base {}
local all = { "debian", "fedora", "arm", "docs", "lint" }
for _, name in ipairs(all) do
  builder(name) {
    workers = "local", max_builds_per_worker = 1,
    steps = {
      step.compile { command = "for i in $(seq 900); do echo compiling unit $i; done" },
      step.test { command = { "echo", interpolate "tested %(src::revision)s <b>&amp; all</b>" } },
    },
  }
end
scheduler.branch "main" { branch = "main", builders = all }
)";

class Waterfall : public testing::Test {
 protected:
  Waterfall() : up_(kConfig) { up_.start(); }

  void push(const std::string& revision) {
    up_.post_change({{"author", "Ann <ann@example.org>"},
                     {"branch", "main"},
                     {"revision", revision},
                     {"comments", "change " + revision}});
  }
  // The page's own element of a build, by the name that a screen reader says.
  static std::string bar(const std::string& builder, int number) {
    return ".bar-of[aria-label^='" + builder + " #" + std::to_string(number) + ", success,']";
  }
  void wait_builds_shown(int number) {
    for (const auto& name : kNames)
      browser_.wait_script("build " + std::to_string(number) + " of " + name,
                           "return document.querySelector(arguments[0]) !== null", {bar(name, number)});
  }
  // The lines in sight of the log, and whether it is `step`'s.
  void wait_log(const std::string& step, const std::string& line) {
    browser_.wait_script(
        "'" + line + "' in the log of " + step,
        "return document.querySelector('.log-name')?.innerText === arguments[0] + ' / stdio' &&"
        "  [...document.querySelectorAll('.log-sheet .l')].some((l) => l.lastChild.textContent === "
        "arguments[1])",
        {step, line});
  }
  void wait_live(bool live) {
    browser_.wait_script(live ? "live" : "offline",
                         "return document.getElementById('live').innerText === arguments[0]",
                         {live ? "live" : "offline"});
  }

  HeadraceUp up_;
  Browser browser_;
};

TEST_F(Waterfall, ShowsBuildsLiveTheirLogsAndComesBackByItself) {
  for (int i = 1; i <= kChanges; ++i) push("r" + std::to_string(i));
  up_.wait_builds(kBuilders * kChanges);
  browser_.open(up_.web());
  browser_.wait_script("200 builds", "return document.querySelectorAll('.bar-of').length === 200");
  EXPECT_EQ(browser_.script("return [...document.querySelectorAll('.column')].map((c) => [c.dataset.builder, "
                            "c.children.length])"),
            (json::Array{json::Array{"debian", 40}, json::Array{"fedora", 40}, json::Array{"arm", 40},
                         json::Array{"docs", 40}, json::Array{"lint", 40}}));
  EXPECT_EQ(browser_.script("return [...document.querySelectorAll('.head .name')].map((e) => e.innerText)"),
            (json::Array{"debian", "fedora", "arm", "docs", "lint"}));
  EXPECT_EQ(browser_.text("#title"), "Millrace");
  wait_live(true);

  // A change appears and is built before the eyes of who looks, in the page as it was loaded.
  browser_.script("window.sameAsBefore = true");
  push("live1");
  wait_builds_shown(kChanges + 1);
  browser_.wait_script(
      "the change",
      "return [...document.querySelectorAll('.change .what')].some((e) => e.innerText === 'change live1')");
  EXPECT_EQ(browser_.script("return window.sameAsBefore"), json::Value(true));

  // A click on the build opens it, a click on a step its log.
  browser_.click(bar("docs", kChanges + 1));
  browser_.wait_script("the steps", "return document.querySelectorAll('.steps .step-name').length === 2");
  EXPECT_EQ(browser_.text(".panel h2"), "docs #41");
  browser_.click(".steps li:nth-child(1) .step-name");
  wait_log("compile", "compiling unit 1");
  browser_.script("document.querySelector('.log').scrollTop = 1e9");
  wait_log("compile", "compiling unit 900");
  browser_.click(".steps li:nth-child(2) .step-name");
  wait_log("test", "tested live1 <b>&amp; all</b>");

  // The address says all of it.
  browser_.reload();
  wait_log("test", "tested live1 <b>&amp; all</b>");
  EXPECT_EQ(browser_.text(".panel h2"), "docs #41");
  wait_builds_shown(kChanges + 1);
  EXPECT_EQ(browser_.script("return window.sameAsBefore ?? null"), json::Value());
  EXPECT_EQ(browser_.complaints(), std::vector<std::string>{});

  // Its server dies; the page says so, finds the next one and what happened meanwhile.
  browser_.script("window.sameAsBefore = true");
  wait_live(true);
  browser_.script(
      "new MutationObserver(() => { window.wasOffline ||= document.getElementById('live').innerText === "
      "'offline' })"
      ".observe(document.getElementById('live'), { childList: true, characterData: true, subtree: true })");
  const auto old = up_.pid_of("web");
  up_.signal_child("web", SIGKILL);
  push("live2");
  up_.wait_restarted("web", old);
  wait_builds_shown(kChanges + 2);
  wait_live(true);
  EXPECT_EQ(browser_.script("return window.wasOffline ?? false"), json::Value(true));
  push("live3");
  wait_builds_shown(kChanges + 3);
  EXPECT_EQ(browser_.script("return window.sameAsBefore"), json::Value(true)) << "without a reload";
  browser_.click(bar("arm", kChanges + 3));
  wait_log("test", "tested live3 <b>&amp; all</b>");
  EXPECT_EQ(up_.stop(), 0);
}

TEST_F(Waterfall, AClickIsOneThoughThePageMovesMeanwhile) {
  push("r1");
  up_.wait_builds(kBuilders);
  browser_.open(up_.web());
  wait_builds_shown(1);
  // Newer builds push the older ones down, as they appear; not while one of them is pressed.
  browser_.press(bar("arm", 1));
  push("r2");
  up_.wait_builds(2 * kBuilders);
  const auto heard =
      "return new Promise((done) => setTimeout(done, 400))";  // longer than between two drawings
  browser_.script(heard);
  browser_.release();
  browser_.wait_script("the build that was pressed",
                       "return document.querySelector('.panel h2')?.innerText === 'arm #1'");
  wait_builds_shown(2);
}

}  // namespace
}  // namespace headrace::test
