// SPDX-License-Identifier: Apache-2.0
// Redis is away for twenty seconds under load, standing still or dead: what a hook was promised is built,
// once, and nothing is promised meanwhile.
#include <gtest/gtest.h>
#include <signal.h>

#include <algorithm>
#include <mutex>
#include <set>
#include <thread>

#include "support/headrace_up.hpp"

namespace headrace {
namespace {

using namespace std::chrono_literals;
using std::chrono::milliseconds;
using std::chrono::steady_clock;
using test::HeadraceUp;

constexpr auto kAway = 20s;  // well within the lease of 30 s, so no build is retried
constexpr auto kMargin = 500ms;
constexpr int kSenders = 4;
constexpr int kPerSender = 40;

constexpr const char* kConfig = R"(
hook.base {}
worker.embedded "local" { slots = 4 }
builder "b" { workers = { "local" }, max_builds_per_worker = 4,
  steps = { step.shell { command = "echo one; sleep 0.05; echo two", log_environ = false } } }
scheduler.branch "main" { builders = { "b" } }
)";

struct Answer {
  int status = 0;  // 0: none within the sender's patience
  steady_clock::time_point asked, answered;
};

// Forges as they are: each delivery has an id and is sent until it is taken, with a time limit of the
// sender's own.
class Senders {
 public:
  /// @param patience  for one answer, as the forges have it: GitHub 10 s, others up to a minute
  Senders(const HeadraceUp& up, milliseconds patience) : patience_(patience) {
    for (int s = 0; s < kSenders; ++s)
      threads_.emplace_back([this, s, url = up.intake() + "/change_hook/base"] {
        for (int n = 0; n < kPerSender && !given_up_; ++n)
          deliver(url, std::to_string(s) + "." + std::to_string(n));
      });
  }
  ~Senders() {
    given_up_ = true;
    join();
  }
  void join() {
    for (auto& t : threads_)
      if (t.joinable()) t.join();
  }
  int taken() const { return taken_; }
  bool done() const { return taken_ == kSenders * kPerSender; }
  std::vector<Answer> answers() const {
    const std::lock_guard lock(mutex_);
    return answers_;
  }

 private:
  void deliver(const std::string& url, const std::string& revision) {
    http::Call call;
    call.method = "POST";
    call.url = url;
    call.headers = {{"Content-Type", "application/x-www-form-urlencoded"},
                    {"Idempotency-Key", "delivery-" + revision}};
    call.body =
        test::form({{"author", "ann"}, {"comments", "c"}, {"branch", "main"}, {"revision", revision}});
    call.timeout = patience_;
    while (!given_up_) {
      Answer answer;
      answer.asked = steady_clock::now();
      answer.status = http::call_and_wait(call).status;
      answer.answered = steady_clock::now();
      {
        const std::lock_guard lock(mutex_);
        answers_.push_back(answer);
      }
      if (answer.status / 100 == 2) break;
      std::this_thread::sleep_for(100ms);  // a sender's pause before it tries again
    }
    ++taken_;
  }

  milliseconds patience_;
  std::atomic<int> taken_{0};
  std::atomic<bool> given_up_{false};
  mutable std::mutex mutex_;
  std::vector<Answer> answers_;
  std::vector<std::thread> threads_;
};

void expect_each_built_once(const HeadraceUp& up) {
  const std::size_t all = kSenders * kPerSender;
  const auto builds = up.wait_builds(all, 120s);
  EXPECT_EQ(builds.size(), all) << up.everything_said();
  for (const auto& build : builds)
    EXPECT_EQ(build["results"].int_or(-1), 0) << "none was retried: " << json::write(build);
  const auto changes = up.rest("/changes?limit=10000")["changes"].as_array();
  EXPECT_EQ(changes.size(), all);
  std::set<std::string> revisions;
  for (const auto& change : changes) revisions.insert(change["revision"].string_or(""));
  EXPECT_EQ(revisions.size(), all) << "a delivery that was sent again is the same change";
  std::set<std::string> built;
  const auto with_revision = up.rest("/builds?limit=10000&property=revision")["builds"].as_array();
  for (const auto& build : with_revision)
    built.insert(build["properties"]["revision"].as_array().at(0).string_or(""));
  EXPECT_EQ(built, revisions);
}

// No promise in [from, until], and no answer that took longer than `bound`.
void expect_no_promise(const std::vector<Answer>& answers, steady_clock::time_point from,
                       steady_clock::time_point until, milliseconds bound) {
  int during = 0;
  for (const auto& a : answers) {
    const auto took = std::chrono::duration_cast<milliseconds>(a.answered - a.asked);
    EXPECT_LE(took.count(), bound.count()) << "status " << a.status;
    if (a.answered < from || a.answered > until) continue;
    ++during;
    EXPECT_NE(a.status / 100, 2) << "nothing could be committed then";
    EXPECT_TRUE(a.status == 0 || a.status == 500 || a.status == 503) << a.status;
  }
  EXPECT_GT(during, 0) << "the senders did not send meanwhile";
}

}  // namespace

TEST(RedisAway, StandingStillForTwentySecondsUnderLoad) {
  HeadraceUp up(kConfig);
  up.start();
  Senders senders(up, 10s);
  test::wait_for("some to be taken", 60s, [&] { return senders.taken() >= 40; });
  const auto from = steady_clock::now();
  up.signal_child("redis", SIGSTOP);
  std::this_thread::sleep_for(kAway);  // the scenario is the time itself
  EXPECT_LT(senders.taken(), kSenders * kPerSender) << "there was load left";
  const auto until = steady_clock::now();
  up.signal_child("redis", SIGCONT);
  test::wait_for(
      "every delivery to be taken", 60s, [&] { return senders.done(); },
      [&] { return up.everything_said(); });
  senders.join();
  expect_no_promise(senders.answers(), from + kMargin, until, 11s);
  expect_each_built_once(up);
  EXPECT_EQ(up.stop(), 0);
}

TEST(RedisAway, DeadForTwentySecondsUnderLoad) {
  HeadraceUp up(kConfig);
  up.start();
  Senders senders(up, 10s);
  test::wait_for("some to be taken", 60s, [&] { return senders.taken() >= 40; });
  // What starts Redis again is held for the time being.
  const pid_t old = up.pid_of("redis");
  up.program().signal(SIGSTOP);
  up.signal_child("redis", SIGKILL);
  const auto from = steady_clock::now();
  std::this_thread::sleep_for(kAway);  // the scenario is the time itself
  EXPECT_LT(senders.taken(), kSenders * kPerSender) << "there was load left";
  const auto until = steady_clock::now();
  up.program().signal(SIGCONT);
  up.wait_restarted("redis", old);
  test::wait_for(
      "every delivery to be taken", 60s, [&] { return senders.done(); },
      [&] { return up.everything_said(); });
  senders.join();
  expect_no_promise(senders.answers(), from + kMargin, until, 5s);
  expect_each_built_once(up);
  EXPECT_EQ(up.stop(), 0);
}

}  // namespace headrace
