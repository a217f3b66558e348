// SPDX-License-Identifier: Apache-2.0
// A worker whose key is not allowed says so, gets nothing, and works as soon as it has a token that is.
#include <gtest/gtest.h>

#include <fstream>

#include "bus/socket.hpp"
#include "model/results.hpp"
#include "support/headrace_up.hpp"
#include "token/token.hpp"

namespace headrace::test {
namespace {

const std::string kConfig = R"(
worker.embedded "local" {}
worker "far" {}
builder "far" { workers = { "far" }, steps = { step.shell "say" { command = "echo far" } } }
builder "near" { workers = { "local" }, steps = { step.shell "say" { command = "echo near" } } }
scheduler.force "force" { builders = { "far", "near" } }
)";

class FarWorker {
 public:
  explicit FarWorker(const std::string& token)
      : program_({HeadraceUp::binary("headrace-worker"), "--base-dir", folder_ / "base"},
                 {"HEADRACE_WORKER_TOKEN=" + token}) {}

  void wait_for_words(const std::string& words, std::chrono::seconds limit) {
    wait_for(
        "'" + words + "' of the worker", limit,
        [&] {
          if (program_.output().find(words) != std::string::npos) return true;
          if (!program_.running()) throw std::runtime_error("the worker ended:\n" + program_.output());
          return false;
        },
        [&] { return program_.output(); });
  }
  std::string said() const { return program_.output(); }
  std::filesystem::path folder() const { return folder_ / ""; }
  int stop() {
    program_.signal(SIGTERM);
    return program_.wait(20s);
  }

 private:
  Folder folder_;
  Program program_;
};

std::string new_token(const HeadraceUp& up) {
  const auto added = up.headrace({"worker", "add", "far"});
  if (added.status != 0) throw std::runtime_error(added.err);
  return added.out.substr(0, added.out.find('\n'));
}

// One build of "far" is asked for and waits; "near" is built all the same.
void expect_waiting(const HeadraceUp& up) {
  EXPECT_EQ(up.headrace({"force", "near", "--wait"}).status, 0) << up.everything_said();
  wait_for(
      "one open request", HeadraceUp::kLimit,
      [&] { return up.rest("/buildrequests?complete=false")["buildrequests"].as_array().size() == 1; },
      [&] { return up.everything_said(); });
  EXPECT_EQ(up.rest("/builders/far/builds?complete=false")["builds"].as_array().size(), 0u);
  EXPECT_NE(up.headrace({"worker", "list"}).out.find("far                      not connected"),
            std::string::npos)
      << up.headrace({"worker", "list"}).out;
}

void expect_built_with(const HeadraceUp& up, const std::string& token, int number) {
  FarWorker worker(token);
  worker.wait_for_words("welcomed name=far", 30s);
  EXPECT_EQ(up.wait_build("far", number)["results"].int_or(-1), 0) << up.everything_said() << worker.said();
  EXPECT_EQ(worker.stop(), 0);
}

// It says within seconds that it is not let in, where, and what helps; and it goes on trying.
void expect_refused_in_words(const HeadraceUp& up, const std::string& token) {
  FarWorker worker(token);
  worker.wait_for_words("does not allow this worker's key", 10s);
  const auto said = worker.said();
  EXPECT_NE(said.find("no welcome from " + up.control("workers")), std::string::npos) << said;
  EXPECT_NE(said.find("`headrace worker add far`"), std::string::npos) << said;
  EXPECT_EQ(said.find(token::decode(token, "worker")->secret_key), std::string::npos)
      << "the secret is nobody's business";
  expect_waiting(up);
  EXPECT_EQ(worker.stop(), 0) << said;
}

TEST(WrongKey, AKeyThatWasForbiddenIsRefusedInWordsAndANewOneWorks) {
  HeadraceUp up(kConfig);
  up.start();
  const auto first = new_token(up);
  ASSERT_EQ(up.headrace({"force", "far"}).status, 0);
  expect_built_with(up, first, 1);

  EXPECT_EQ(up.headrace({"worker", "remove", "far"}).out, "1 key of far forbidden\n");
  ASSERT_EQ(up.headrace({"force", "far"}).status, 0);
  expect_refused_in_words(up, first);
  const auto line = "a worker's key is not allowed key=" + token::decode(first, "worker")->public_key;
  EXPECT_NE(up.log_of("dispatcher").find(line), std::string::npos) << up.log_of("dispatcher");

  expect_built_with(up, new_token(up), 2);
  EXPECT_EQ(up.stop(), 0);
}

TEST(WrongKey, AConnectedWorkerWhoseKeyIsForbiddenGetsNothingMoreAndItsBuildGoesToTheNext) {
  HeadraceUp up(R"(
worker "far" {}
builder "far" { workers = { "far" }, steps = { step.shell "stay" { command = "while [ ! -e ../../go ]; do sleep 0.05; done" } } }
scheduler.force "force" { builders = { "far" } }
)");
  up.start();
  FarWorker first(new_token(up));
  first.wait_for_words("welcomed name=far", 30s);
  ASSERT_EQ(up.headrace({"force", "far"}).status, 0);
  first.wait_for_words("build accepted", 30s);
  ASSERT_EQ(up.headrace({"worker", "remove", "far"}).status, 0);
  EXPECT_EQ(up.wait_build("far", 1)["results"].int_or(-1), static_cast<int>(Results::retry))
      << up.everything_said();
  first.wait_for_words("the key is no longer allowed", 10s);

  FarWorker second(new_token(up));
  second.wait_for_words("build accepted", 30s);
  std::ofstream(second.folder() / "base" / "go");
  EXPECT_EQ(up.wait_build("far", 2)["results"].int_or(-1), 0) << up.everything_said() << second.said();
  EXPECT_EQ(up.rest("/builds")["builds"].as_array().size(), 2u);
  EXPECT_EQ(second.stop(), 0);
  first.stop();
  EXPECT_EQ(up.stop(), 0);
}

TEST(WrongKey, ATokenOfAnotherInstallationIsRefusedInWords) {
  HeadraceUp up(kConfig);
  up.start();
  const auto good = new_token(up);
  auto foreign = *token::decode(good, "worker");
  foreign.server_key = bus::new_key_pair().public_key;
  ASSERT_EQ(up.headrace({"force", "far"}).status, 0);
  expect_refused_in_words(up, token::encode(foreign));
  expect_built_with(up, good, 1);
  EXPECT_EQ(up.stop(), 0);
}

}  // namespace
}  // namespace headrace::test
