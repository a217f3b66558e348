// SPDX-License-Identifier: Apache-2.0
// What was answered is there after kill -9 of a real Redis: on a slow disk, on a full one, with a replica.
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <thread>

#include "store/state/site.hpp"
#include "store/testing/raw_client.hpp"
#include "store/transitions/change.hpp"
#include "support/redis_server.hpp"

namespace headrace::store {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

Settings settings(const test::RedisServer& redis, Durability durability) {
  Settings out;
  out.address = *parse_address(redis.address());
  out.durability = durability;
  return out;
}

ChangeAdd a_change() {
  wire::Change change;
  change.author = "someone";
  change.branch = "main";
  return {"", std::nullopt, {change}};
}

std::int64_t changes_in(const test::RedisServer& redis) {
  BlockingClient store(settings(redis, Durability::memory));
  return store.read(last_ids()).change.value;
}

// Commits one change after the other, as a service does, until `end`; then Redis is killed.
class Service {
 public:
  explicit Service(test::RedisServer& redis, Durability durability)
      : redis_(redis), client_(io_, settings(redis, durability)) {
    client_.connect([this] { commit(); }, [this](std::string reason) { lost = std::move(reason); });
  }
  void run_until(Clock::time_point end) {
    while (lost.empty() && Clock::now() < end) io_.run_one_for(20ms);
  }
  std::int64_t answered = 0;
  std::string lost;

 private:
  void commit() {
    client_.commit({a_change().call()}, [this](const std::vector<Reply>& replies) {
      for (const auto& reply : replies)
        if (reply.ok) ++answered;
      commit();
    });
  }
  test::RedisServer& redis_;
  boost::asio::io_context io_;
  Client client_;
};

class SlowDisk : public testing::Test {
 protected:
  SlowDisk() {
    setenv("LD_PRELOAD", HEADRACE_SLOW_FSYNC, 1);
    redis_ = std::make_unique<test::RedisServer>();
    unsetenv("LD_PRELOAD");
  }
  std::unique_ptr<test::RedisServer> redis_;
};

TEST_F(SlowDisk, WhatAServiceHasCommittedOutlivesRedis) {
  std::int64_t answered = 0;
  for (int round = 0; round < 2; ++round) {
    Service service(*redis_, Durability::process);
    service.run_until(Clock::now() + 2500ms + round * 400ms);
    redis_->kill();
    EXPECT_EQ(service.lost, "");
    answered += service.answered;
    redis_->start();
    EXPECT_GE(changes_in(*redis_), answered);
    answered = changes_in(*redis_);
  }
  EXPECT_GT(answered, 0);
}

TEST_F(SlowDisk, WhatACommandHasCommittedOutlivesRedis) {
  std::int64_t answered = 0;
  {
    BlockingClient store(settings(*redis_, Durability::process));
    store.load_functions();
    for (const auto end = Clock::now() + 2500ms; Clock::now() < end; ++answered)
      ASSERT_TRUE(store.commit(a_change()));
  }
  redis_->kill();
  redis_->start();
  EXPECT_GE(changes_in(*redis_), answered);
}

// A Redis whose files may not grow, which looks like a full disk to it.
class FullDisk : public testing::Test {
 protected:
  FullDisk() {
    std::signal(SIGXFSZ, SIG_IGN);  // which redis-server inherits: it gets an error instead
    redis_ = std::make_unique<test::RedisServer>();
    BlockingClient(settings(*redis_, Durability::memory)).load_functions();
  }
  void allow(rlim_t bytes) {
    const rlimit limit{bytes, RLIM_INFINITY};
    ASSERT_EQ(prlimit(redis_->pid(), RLIMIT_FSIZE, &limit, nullptr), 0);
  }
  rlim_t largest_file() const {
    rlim_t out = 0;
    for (const auto& file : std::filesystem::recursive_directory_iterator(redis_->directory()))
      if (file.is_regular_file()) out = std::max<rlim_t>(out, file.file_size());
    return out;
  }
  std::unique_ptr<test::RedisServer> redis_;
};

TEST_F(FullDisk, NoServiceHearsThatAChangeIsTakenThatIsNotInTheFile) {
  allow(largest_file() + 20'000);
  Service service(*redis_, Durability::process);
  service.run_until(Clock::now() + 20s);
  EXPECT_NE(service.lost.find("cannot write its append-only file"), std::string::npos) << service.lost;
  EXPECT_GT(service.answered, 0);
  redis_->kill();
  redis_->start();
  EXPECT_GE(changes_in(*redis_), service.answered);
}

TEST_F(FullDisk, ThereIsNoConnectionWhileRedisCannotWriteAndOneWhenThereIsRoom) {
  allow(largest_file());
  BlockingClient store(settings(*redis_, Durability::process));
  EXPECT_THROW(store.commit(a_change()), std::runtime_error);
  Service while_full(*redis_, Durability::process);
  while_full.run_until(Clock::now() + 2s);
  EXPECT_NE(while_full.lost.find("cannot write its append-only file"), std::string::npos) << while_full.lost;
  EXPECT_EQ(while_full.answered, 0);
  allow(RLIM_INFINITY);
  std::this_thread::sleep_for(1500ms);  // Redis tries again once a second
  Service with_room(*redis_, Durability::process);
  with_room.run_until(Clock::now() + 1s);
  EXPECT_EQ(with_room.lost, "");
  EXPECT_GT(with_room.answered, 0);
}

TEST(Replica, ACommandKeepsThePromiseOrSaysThatItDoesNot) {
  const test::RedisServer redis({"--appendfsync", "always"});
  BlockingClient(settings(redis, Durability::memory)).load_functions();
  BlockingClient store(settings(redis, Durability::replica));
  EXPECT_NE(store.weakness().find("no replica"), std::string::npos);
  try {
    store.commit(a_change());
    FAIL() << "nobody has confirmed";
  } catch (const std::runtime_error& e) {
    EXPECT_NE(std::string(e.what()).find("no replica has confirmed"), std::string::npos) << e.what();
  }
}

TEST(Weakness, IsKnownWhenTheConnectionIsUpAndGoesWithTheSetting) {
  const test::RedisServer redis({"--appendonly", "no"});
  RawClient raw({*parse_address(redis.address())});
  boost::asio::io_context io;
  Client client(io, settings(redis, Durability::process));
  std::string at_first, later = "unknown";
  client.connect(
      [&] {
        at_first = client.weakness();
        raw.command({"CONFIG", "SET", "appendonly", "yes"});
        std::this_thread::sleep_for(1s);  // the first file is written
        client.look_again([&] { later = client.weakness(); });
      },
      [](const std::string& reason) { FAIL() << reason; });
  for (const auto end = Clock::now() + 10s; Clock::now() < end && later == "unknown";) io.run_one_for(20ms);
  EXPECT_NE(at_first.find("appendonly no"), std::string::npos) << at_first;
  EXPECT_EQ(later, "");
}

}  // namespace
}  // namespace headrace::store
