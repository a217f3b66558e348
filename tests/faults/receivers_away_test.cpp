// SPDX-License-Identifier: Apache-2.0
// The receivers of mail and of pushes are away for a minute and the notifier is killed meanwhile: each
// message arrives all the same, once.
#include <gtest/gtest.h>
#include <signal.h>

#include <map>

#include "notifier/testing/receivers.hpp"
#include "support/headrace_up.hpp"
#include "support/wait.hpp"

namespace headrace::test {
namespace {

using namespace std::chrono_literals;

constexpr auto kAway = 60s;
constexpr int kBuilds = 6;

std::string config(const notifier::Receiver& mails, const notifier::Receiver& pushes) {
  return "hook.base {}\n"
         "worker.embedded \"local\" { slots = 2 }\n"
         "builder \"b\" { workers = { \"local\" }, steps = { step.shell { command "
         "= \"true\" } } }\n"
         "scheduler.branch \"main\" { builders = { \"b\" } }\n"
         "reporter.mail { from = \"ci@example.org\", to = { \"dev@example.org\" }, mode = \"all\", relay = "
         "\"smtp://127.0.0.1:" +
         mails.port() + "\" }\n" + "reporter.http { server_url = \"http://127.0.0.1:" + pushes.port() +
         "/\" }\n";
}

// How often each message was taken, by the name that stays the same when it is sent again.
std::map<std::string, int> taken(const notifier::Receiver& receiver, const char* name) {
  std::map<std::string, int> out;
  for (const auto& message : receiver.took()) ++out[message[name].string_or("")];
  return out;
}

void post_changes(const HeadraceUp& up, int from, int count) {
  for (int n = from; n < from + count; ++n)
    up.post_change(
        {{"author", "ann"}, {"comments", "c"}, {"branch", "main"}, {"revision", "r" + std::to_string(n)}});
}

TEST(ReceiversAway, ForAMinuteWhileTheNotifierDiesEachMessageArrivesOnce) {
  notifier::Receiver mails("mail"), pushes("http");
  HeadraceUp up(config(mails, pushes));
  up.start();
  post_changes(up, 0, 1);
  up.wait_builds(1);
  wait_for(
      "the first mail and push", 60s, [&] { return mails.took().size() == 1 && !pushes.took().empty(); },
      [&] { return up.log_of("notifier"); });
  const auto pushes_a_build = pushes.took().size();

  mails.kill();
  pushes.kill();
  const auto back = std::chrono::steady_clock::now() + kAway;
  post_changes(up, 1, kBuilds / 2);
  up.wait_builds(1 + kBuilds / 2);
  const auto old = up.pid_of("notifier");
  up.signal_child("notifier", SIGKILL);
  post_changes(up, 1 + kBuilds / 2, kBuilds / 2);
  up.wait_builds(1 + kBuilds);
  up.wait_restarted("notifier", old);
  std::this_thread::sleep_until(back);
  EXPECT_EQ(mails.took().size(), 1u);
  mails.start();
  pushes.start();

  wait_for(
      "all mails and pushes", 180s,
      [&] {
        return mails.took().size() >= 1 + kBuilds && pushes.took().size() >= pushes_a_build * (1 + kBuilds);
      },
      [&] { return up.log_of("notifier"); });
  EXPECT_EQ(up.stop(), 0);
  EXPECT_EQ(mails.took().size(), 1u + kBuilds);
  EXPECT_EQ(taken(mails, "id").size(), 1u + kBuilds) << "one was sent twice";
  EXPECT_EQ(pushes.took().size(), pushes_a_build * (1 + kBuilds));
  EXPECT_EQ(taken(pushes, "key").size(), pushes.took().size()) << "one was sent twice";
}

}  // namespace
}  // namespace headrace::test
