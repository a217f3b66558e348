// SPDX-License-Identifier: Apache-2.0
// A repository that cannot be read: git's own words where one looks for them, and all is well when it is
// back.
#include <gtest/gtest.h>

#include "store/client.hpp"
#include "store/state/site.hpp"
#include "support/headrace_up.hpp"

namespace headrace::test {
namespace {

// A bare repository that can go away, and somebody's working copy.
class Repository {
 public:
  Repository() { must_run({"git", "init", "-q", "-b", "main", work()}); }
  std::string bare() const { return folder_ / "demo.git"; }
  std::string work() const { return folder_ / "work"; }
  void make() {
    must_run({"git", "init", "-q", "--bare", "-b", "main", folder_ / "hidden.git"});
    commit("first");
    show();  // at once and complete: a poller may look at any moment
  }
  void hide() { std::filesystem::rename(bare(), folder_ / "hidden.git"); }
  void show() { std::filesystem::rename(folder_ / "hidden.git", bare()); }
  void damage() { write_file(bare() + "/HEAD", "nonsense\n"); }
  void mend() { write_file(bare() + "/HEAD", "ref: refs/heads/main\n"); }
  /// Commits and pushes to wherever the repository is. @return the revision
  std::string commit(const std::string& text) {
    write_file(work() + "/file.txt", text + "\n");
    must_run({"git", "add", "."}, work());
    must_run({"git", "-c", "user.name=Ann", "-c", "user.email=ann@example.org", "commit", "-q", "-m", text},
             work());
    const auto now = std::filesystem::exists(bare()) ? bare() : folder_ / "hidden.git";
    must_run({"git", "push", "-q", now, "main"}, work());
    auto revision = must_run({"git", "rev-parse", "HEAD"}, work());
    revision.pop_back();
    return revision;
  }

 private:
  Folder folder_;
};

std::string config(const Repository& repository, const std::string& source) {
  return "worker.embedded \"local\" {}\n" + source +
         "builder \"demo\" { workers = { \"local\" }, steps = {\n"
         "  step.git { url = \"" +
         repository.bare() +
         "\" }, step.shell \"show\" { command = \"cat file.txt\" } } }\n"
         "builder \"other\" { workers = { \"local\" }, steps = { step.shell "
         "\"say\" { command = \"echo other\" } } }\n"
         "scheduler.branch \"main\" { branch = \"main\", builders = { \"demo\" } }\n"
         "scheduler.force \"force\" { builders = { \"demo\", \"other\" } }\n";
}

void expect_built(const HeadraceUp& up, int number, const std::string& text) {
  EXPECT_EQ(up.wait_build("demo", number)["results"].int_or(-1), 0) << up.everything_said();
  EXPECT_EQ(up.headrace({"log", "demo#" + std::to_string(number) + "/show", "--channels", "o"}).out,
            text + "\n");
}

TEST(UnreadableRepository, FailsTheCheckoutInGitsWordsAndTheNextBuildIsGood) {
  Repository repository;
  HeadraceUp up(config(repository, ""));
  up.start();
  const auto expect_failed = [&](int number) {
    ASSERT_EQ(up.headrace({"force", "demo", "--branch", "main", "--wait"}).status, 1) << up.everything_said();
    const auto build = up.wait_build("demo", number);
    EXPECT_EQ(build["results"].int_or(-1), 2);
    EXPECT_NE(build["state_string"].string_or("").find("update (failure)"), std::string::npos)
        << build["state_string"].string_or("");
    const auto log = up.raw_log(build["buildid"].int_or(0), "git");
    EXPECT_NE(log.find("fatal: '" + repository.bare() + "' does not appear to be a git repository"),
              std::string::npos)
        << log;
    EXPECT_EQ(up.rest("/builds/" + std::to_string(build["buildid"].int_or(0)) + "/steps")["steps"]
                  .as_array()
                  .size(),
              1u)
        << "the build ends there";
  };
  expect_failed(1);
  EXPECT_EQ(up.headrace({"force", "other", "--wait"}).status, 0) << "the worker goes on";
  repository.make();
  EXPECT_EQ(up.headrace({"force", "demo", "--branch", "main", "--wait"}).status, 0) << up.everything_said();
  expect_built(up, 2, "first");
  repository.damage();
  expect_failed(3);
  repository.mend();
  repository.commit("second");
  EXPECT_EQ(up.headrace({"force", "demo", "--branch", "main", "--wait"}).status, 0) << up.everything_said();
  expect_built(up, 4, "second");
  EXPECT_EQ(up.stop(), 0);
}

std::string metrics(const HeadraceUp& up) {
  http::Call call;
  call.url = up.intake() + "/metrics";
  return http::call_and_wait(call).body;
}

TEST(UnreadableRepository, IsTheSpokenTroubleOfItsPollerUntilItIsBack) {
  Repository repository;
  HeadraceUp up(config(repository, "change_source.git \"demo\" { url = \"" + repository.bare() +
                                       "\", branches = { \"main\" }, poll_interval = \"1s\" }\n"));
  up.start();
  const std::string failing = "headrace_poller_failing{poller=\"demo\"} ";
  const auto wait_failing = [&](const std::string& value) {
    wait_for(
        "the poller to say " + value, HeadraceUp::kLimit,
        [&] { return metrics(up).find(failing + value + "\n") != std::string::npos; },
        [&] { return metrics(up) + up.everything_said(); });
  };
  wait_failing("1");
  const auto said = up.log_of("changesource");
  const auto words = ": fatal: '" + repository.bare() + "' does not appear to be a git repository";
  EXPECT_NE(said.find("poll failed poller=demo reason=" + repository.bare() + words), std::string::npos)
      << said;
  EXPECT_EQ(up.headrace({"force", "other", "--wait"}).status, 0) << up.everything_said();
  // Everywhere people look.
  http::Call health;
  health.url = up.intake() + "/healthz";
  const auto answer = http::call_and_wait(health);
  EXPECT_EQ(answer.status, 200) << "hooks are taken";
  EXPECT_NE(answer.body.find(words.substr(2, 10)), std::string::npos) << answer.body;
  const auto status = [&] { return up.headrace({"status"}).out; };
  EXPECT_NE(status().find("poller demo: has not polled yet, failing: " + repository.bare() + words),
            std::string::npos)
      << status();
  const auto in_rest = [&] { return up.rest("/changesources")["changesources"].as_array().at(0)["failing"]; };
  wait_for(
      "REST to say it", HeadraceUp::kLimit,
      [&] { return in_rest().string_or("").find(words) != std::string::npos; },
      [&] { return up.everything_said(); });

  // What is there at the first look that succeeds is where it begins; what comes later is a change.
  repository.make();
  store::BlockingClient redis({*store::parse_address(up.control("redis"))});
  wait_for(
      "the first good poll", HeadraceUp::kLimit,
      [&] { return redis.read(store::poller_state("demo")).has_value(); },
      [&] { return up.everything_said(); });
  wait_failing("0");
  wait_for(
      "REST to say that it is well", HeadraceUp::kLimit, [&] { return in_rest().is_null(); },
      [&] { return up.everything_said(); });
  EXPECT_NE(status().find("poller demo: polled\n"), std::string::npos) << status();
  const auto second = repository.commit("second");
  expect_built(up, 1, "second");

  // Away for a while, with commits meanwhile: each is a change when it is back, once.
  repository.hide();
  wait_failing("1");
  const auto third = repository.commit("third"), fourth = repository.commit("fourth");
  repository.show();
  up.wait_builds(4);
  wait_failing("0");
  const auto changes = up.rest("/changes?order=changeid")["changes"].as_array();
  ASSERT_EQ(changes.size(), 3u) << up.everything_said();
  EXPECT_EQ(changes[0]["revision"].string_or(""), second);
  EXPECT_EQ(changes[1]["revision"].string_or(""), third);
  EXPECT_EQ(changes[2]["revision"].string_or(""), fourth);
  expect_built(up, 3, "fourth");
  EXPECT_NE(up.log_of("changesource").find("poll succeeds again poller=demo"), std::string::npos)
      << up.log_of("changesource");
  EXPECT_EQ(up.stop(), 0);
}

}  // namespace
}  // namespace headrace::test
