// SPDX-License-Identifier: Apache-2.0
#include "worker/core/worker_session.hpp"

#include <gtest/gtest.h>

#include <set>
#include <vector>

namespace headrace::worker {
namespace {

constexpr MonoTime kStart{milliseconds(1'000'000)};

/// The hellos of the first socket that nobody answers, as the time since the start.
std::vector<MonoTime::duration> hellos_of_one_socket(std::uint64_t seed, int failed_sockets) {
  WorkerSession session(seed);
  session.start(kStart);
  std::vector<MonoTime::duration> hellos;
  MonoTime first{};
  for (int connects = 0;;) {
    const MonoTime now = session.next_wake();
    const auto due = session.on_timer(now);
    if (due == WorkerSession::Due::connect_and_hello) {
      if (connects++ == failed_sockets) first = now;
      if (connects > failed_sockets + 1) return hellos;
    }
    if (connects == failed_sockets + 1 && due != WorkerSession::Due::nothing) hellos.push_back(now - first);
  }
}

}  // namespace

TEST(WorkerSession, TheHelloIsRepeatedAfterOneTwoAndFourSeconds) {
  const auto hellos = hellos_of_one_socket(1, 4);
  ASSERT_EQ(hellos.size(), 4u);
  for (const auto& [n, wait] : {std::pair{1u, 1000ms}, {2u, 2000ms}, {3u, 4000ms}}) {
    EXPECT_GE(hellos[n] - hellos[n - 1], wait * 4 / 5);
    EXPECT_LE(hellos[n] - hellos[n - 1], wait * 6 / 5);
  }
  // The first socket is given up early: another server may be there.
  EXPECT_LE(hellos_of_one_socket(1, 0).back(), 3500ms);
}

TEST(WorkerSession, TheHellosOfManyWorkersAreSpread) {
  std::set<MonoTime::duration> second;
  for (std::uint64_t seed = 1; seed <= 20; ++seed) second.insert(hellos_of_one_socket(seed, 0).at(1));
  EXPECT_GE(second.size(), 15u);
}

TEST(WorkerSession, ADispatcherThatNeedsThreeSecondsForAnAnswerIsHeard) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    WorkerSession session(seed);
    session.start(kStart);
    MonoTime answer = MonoTime::max();  // to the newest hello
    while (!session.welcomed()) {
      const MonoTime now = std::min(session.next_wake(), answer);
      ASSERT_LT(now, kStart + 15s) << "seed " << seed;
      if (now == answer) {
        session.on_welcome(SessionId{1}, 0, 5000ms, 30'000ms, now);
      } else if (session.on_timer(now) != WorkerSession::Due::nothing) {
        answer = now + 3s;
      }
    }
  }
}

// The server counts from when it heard something, which is later.
TEST(WorkerSession, TheLeaseCountsFromWhenTheAnsweredMessageWasSent) {
  WorkerSession session(1);
  session.start(kStart);
  const auto hello = session.number(kStart);
  session.on_welcome(SessionId{1}, hello, 5000ms, 30'000ms, kStart + 3s);
  EXPECT_EQ(session.lease_end(), kStart + 27s) << "a tenth before the server's";
  const auto first = session.number(kStart + 8s), second = session.number(kStart + 13s);
  session.on_heartbeat_reply(first, kStart + 20s);
  EXPECT_EQ(session.lease_end(), kStart + 35s);
  session.on_heartbeat_reply(0, kStart + 21s);
  EXPECT_EQ(session.lease_end(), kStart + 35s) << "a cancel answers nothing";
  session.on_heartbeat_reply(second, kStart + 22s);
  session.on_heartbeat_reply(first, kStart + 23s);
  EXPECT_EQ(session.lease_end(), kStart + 40s) << "a late answer takes nothing back";
}

TEST(WorkerSession, WithoutAnswersToItsHeartbeatsTheSocketIsGivenUp) {
  WorkerSession session(1);
  session.start(kStart);
  session.on_welcome(SessionId{1}, session.number(kStart), 5000ms, 30'000ms, kStart);
  session.on_heartbeat_reply(0, kStart + 12s);  // said out of memory: the server may be cut off from Redis
  while (session.on_timer(kStart + 13s) != WorkerSession::Due::nothing) session.number(kStart + 13s);
  EXPECT_FALSE(session.welcomed());
}

}  // namespace headrace::worker
