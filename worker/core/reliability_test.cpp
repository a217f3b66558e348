// SPDX-License-Identifier: Apache-2.0
// What the worker does when messages, servers or sessions get lost.
#include <gtest/gtest.h>

#include <set>

#include "logchunk/chunk.hpp"
#include "wire/codec.hpp"
#include "worker/testing/world.hpp"

namespace headrace::worker::testing {
namespace {

Script printing(int lines, milliseconds every, std::size_t width = 40) {
  Script s;
  for (int i = 0; i < lines; ++i) {
    std::string text = std::to_string(i) + std::string(width, static_cast<char>('a' + i % 26));
    if (i % 7 != 6) text += '\n';
    s.prints.push_back({every, i % 3 == 2 ? 'e' : 'o', text});
  }
  return s;
}

/// @return the request of a build whose one step runs and never ends
std::int64_t start_an_endless_step(World& world) {
  world.script = [](const StartCommand&) {
    Script s;
    s.for_ever = true;
    return s;
  };
  const auto request = world.server.add(plan({shell("a")}));
  EXPECT_TRUE(world.run_until([&] { return world.started.size() == 1; }));
  return request;
}

/// The whole output of every step arrived, byte for byte.
void expect_exact(const World& world, const FakeBuild& b) {
  std::string told, wrote;
  for (std::size_t i = 0; i < b.steps.size(); ++i)
    told += logchunk::unframe(b.log(static_cast<int>(i), "stdio"), "o");
  for (const auto& [exec, text] : world.wrote) wrote += text;
  EXPECT_TRUE(told == wrote) << told.size() << " of " << wrote.size() << " bytes";
}

}  // namespace

TEST(Reliability, NothingStartsBeforeAcceptedAndAcceptIsRepeated) {
  World world;
  ASSERT_TRUE(world.run_until([&] { return world.sent["ready"] > 0; }));
  world.run_for(10ms);
  world.server.add(plan({shell("x")}));
  ASSERT_TRUE(world.run_until([&] { return world.sent["accept"] == 1; }));
  world.network_down = true;  // the accepted gets lost
  world.run_for(3500ms);
  EXPECT_TRUE(world.started.empty());
  EXPECT_GE(world.sent["accept"], 3);
  world.network_down = false;
  ASSERT_TRUE(world.run_until([&] { return world.server.all_finished(); }));
  EXPECT_EQ(world.started.size(), 1u);
}

TEST(Reliability, ABuildGoesOnWhileNobodyAnswersAndTheServersOffsetWins) {
  World world;
  world.script = [](const StartCommand&) { return printing(2000, 10ms); };
  const auto request = world.server.add(plan({shell("a"), shell("b")}));
  ASSERT_TRUE(world.run_until([&] { return world.started.size() == 1; }));
  world.run_for(3s);
  const int connects = world.connects;
  world.network_down = true;
  world.run_for(30s);
  EXPECT_EQ(world.started.size(), 2u) << "the second step begins without anybody";
  EXPECT_GT(world.connects, connects) << "silence: a new socket";
  world.server.restart();
  world.network_down = false;
  ASSERT_TRUE(world.run_until([&] { return world.server.all_finished(); }));
  EXPECT_TRUE(world.server.errors.empty());
  EXPECT_EQ(world.started.size(), 2u);
  expect_exact(world, world.server.build(request));
}

TEST(Reliability, ARestartedServerIsGreetedAgainAtOnce) {
  World world;
  world.script = [](const StartCommand&) { return printing(100, 50ms); };
  const auto request = world.server.add(plan({shell("a")}));
  ASSERT_TRUE(world.run_until([&] { return world.started.size() == 1; }));
  const int hellos = world.server.hellos;
  world.server.restart();
  world.run_for(200ms);
  EXPECT_EQ(world.server.hellos, hellos + 1);
  EXPECT_EQ(world.connects, 1) << "on the same socket";
  ASSERT_TRUE(world.run_until([&] { return world.server.all_finished(); }));
  expect_exact(world, world.server.build(request));
}

TEST(Reliability, ASocketWithoutAWelcomeIsToldFromOneThatWasLost) {
  World world;
  ASSERT_TRUE(world.run_until([&] { return world.sent["ready"] > 0; }));
  world.network_down = true;
  ASSERT_TRUE(world.run_until([&] { return world.connects == 2; }, 60s));
  EXPECT_EQ(world.connects_in_vain, 0) << "the first one was welcomed";
  ASSERT_TRUE(world.run_until([&] { return world.connects == 3; }, 60s));
  EXPECT_EQ(world.connects_in_vain, 1);
  world.network_down = false;
  ASSERT_TRUE(world.run_until([&] { return world.core->status().connected; }, 60s));
  const int before = world.connects_in_vain;
  world.network_down = true;
  const int connects = world.connects;
  ASSERT_TRUE(world.run_until([&] { return world.connects > connects; }, 60s));
  EXPECT_EQ(world.connects_in_vain, before);
}

TEST(Reliability, AFencedBuildIsKilledAndForgotten) {
  World world;
  world.script = [](const StartCommand&) { return printing(10'000, 10ms); };
  const auto request = world.server.add(plan({shell("a"), shell("b")}));
  ASSERT_TRUE(world.run_until([&] { return world.started.size() == 1; }));
  world.server.fence(request);
  world.run_for(1s);
  EXPECT_EQ(world.killed.size(), 1u);
  EXPECT_EQ(world.running(), 0);
  EXPECT_EQ(world.core->status().builds, 0);
  world.run_for(60s);
  EXPECT_EQ(world.started.size(), 1u);
}

TEST(Reliability, ASilentFencedBuildIsToldByTheHeartbeat) {
  World world;
  const auto request = start_an_endless_step(world);
  world.run_for(1s);
  world.server.fence(request);
  world.run_for(6s);
  EXPECT_EQ(world.running(), 0);
}

TEST(Reliability, AFullSpoolStopsTheReadingAndLosesNothing) {
  CoreSettings settings;
  settings.spool_bytes = 100'000;
  World world(1, settings);
  world.script = [](const StartCommand&) {
    Script s;
    std::mt19937 random(3);  // does not compress
    for (int i = 0; i < 100; ++i) {
      std::string text(10'000, '\0');
      for (auto& c : text) c = static_cast<char>(random());
      s.prints.push_back({1ms, 'o', text});
    }
    return s;
  };
  const auto request = world.server.add(plan({shell("a")}));
  ASSERT_TRUE(world.run_until([&] { return world.started.size() == 1; }));
  world.server.acknowledges = false;
  world.run_for(20min);
  EXPECT_FALSE(world.reading.begin()->second);
  EXPECT_TRUE(world.core->status().spool_full);
  EXPECT_LT(world.core->status().spool_bytes, 200'000u);
  EXPECT_TRUE(world.killed.empty()) << "a step that may not write is not silent";
  world.server.acknowledges = true;
  ASSERT_TRUE(world.run_until([&] { return world.server.all_finished(); }));
  EXPECT_EQ(world.server.build(request).finish->results, Results::success);
  expect_exact(world, world.server.build(request));
}

TEST(Reliability, AWorkerThatStoodStillGivesItsBuildsBack) {
  World world;
  world.script = [](const StartCommand&) {
    Script s;
    s.then = 2s;
    s.exit.lost = true;
    return s;
  };
  const auto request = world.server.add(plan({shell("a"), shell("b")}));
  ASSERT_TRUE(
      world.run_until([&] { return world.server.build(request).state == FakeBuild::State::lost; }, 5s));
  EXPECT_EQ(world.started.size(), 1u);
  EXPECT_EQ(world.core->status().builds, 0);
  EXPECT_EQ(world.server.hellos, 2);
}

TEST(Reliability, AnotherProtocolMeansWaiting) {
  wire::Rehello m;
  m.superseded = true;
  m.reason = "protocol 1 is not spoken here, but 2";
  World world;
  world.network_down = true;
  world.run_for(2s);
  world.inject(wire::Rehello::kName, wire::encode(m));
  const int hellos = world.sent["hello"];
  world.run_for(29s);
  EXPECT_EQ(world.sent["hello"], hellos);
  EXPECT_NE(world.notes.back().find("is not spoken here"), std::string::npos);
}

TEST(Reliability, SlotsAreLevels) {
  World world;
  world.server.slots = 2;
  world.script = [](const StartCommand&) { return printing(10, 20ms); };
  for (int i = 0; i < 10; ++i) {
    auto p = plan({shell("x")});
    p.directory = "d" + std::to_string(i);
    world.server.add(p);
  }
  int most = 0;
  ASSERT_TRUE(world.run_until([&] {
    most = std::max(most, world.running());
    return world.server.all_finished();
  }));
  EXPECT_EQ(most, 2);
  for (int i = 1; i <= 10; ++i) EXPECT_EQ(world.server.build(i).state, FakeBuild::State::finished);
}

TEST(Reliability, AnOfferThatCannotBeIsRefusedWithAReason) {
  for (const std::string directory : {"../x", "/etc", "a/../../b", ".."}) {
    World world;
    auto p = plan({shell("x")});
    p.directory = directory;
    const auto request = world.server.add(p);
    ASSERT_TRUE(
        world.run_until([&] { return world.server.build(request).state == FakeBuild::State::refused; }, 20s));
    EXPECT_EQ(world.server.build(request).refusal, "the build's directory is '" + directory + "'");
  }
}

TEST(Reliability, ASupersededWorkerStopsAndWaits) {
  World world;
  start_an_endless_step(world);
  wire::Rehello m;
  m.session = *world.server.session();
  m.superseded = true;
  const int hellos = world.sent["hello"];
  world.inject(wire::Rehello::kName, wire::encode(m));
  world.run_for(29s);
  EXPECT_EQ(world.running(), 0);
  EXPECT_EQ(world.sent["hello"], hellos);
  world.run_for(2s);
  EXPECT_GT(world.sent["hello"], hellos);
}

TEST(Reliability, ABrokenConnectionMeansAnotherSocketAtOnceAndTheBuildGoesOn) {
  World world;
  world.script = [](const StartCommand&) { return printing(100, 50ms); };
  const auto request = world.server.add(plan({shell("a")}));
  ASSERT_TRUE(world.run_until([&] { return world.started.size() == 1; }));
  const int connects = world.connects;
  world.disconnect();
  world.disconnect();
  world.run_for(300ms);  // silence alone is noticed after 2.5 heartbeats of 5 s
  EXPECT_EQ(world.connects, connects + 1);
  EXPECT_TRUE(world.core->status().connected);
  ASSERT_TRUE(world.run_until([&] { return world.server.all_finished(); }, 20s));
  EXPECT_EQ(world.started.size(), 1u);
  expect_exact(world, world.server.build(request));
}

TEST(Reliability, WhileItGreetsABrokenConnectionChangesNothing) {
  World world;
  world.network_down = true;
  world.run_for(1s);
  const int connects = world.connects;
  world.disconnect();
  world.run_for(1s);
  EXPECT_EQ(world.connects, connects);
}

TEST(Reliability, StopKillsSaysGoodbyeAndQuits) {
  World world;
  const auto request = start_an_endless_step(world);
  world.stop("SIGTERM");
  ASSERT_TRUE(world.run_until([&] { return world.quit; }, 4s));
  world.run_for(1ms);
  EXPECT_EQ(world.killed.size(), 1u);
  EXPECT_EQ(world.server.goodbye, "SIGTERM");
  EXPECT_EQ(world.server.build(request).state, FakeBuild::State::lost);
}

TEST(Reliability, HelloBacksOffWhileNobodyIsThere) {
  World world(5);
  world.network_down = true;
  world.run_for(60s);
  EXPECT_GE(world.connects, 6);
  EXPECT_LE(world.connects, 20);
  world.network_down = false;
  EXPECT_TRUE(world.run_until([&] { return world.core->status().connected; }, 10s));
}

TEST(Reliability, MalformedMessagesAreIgnored) {
  World world;
  ASSERT_TRUE(world.run_until([&] { return world.core->status().connected; }));
  std::mt19937 random(2);
  for (const char* name :
       {"welcome", "offer", "accepted", "fenced", "reported", "answer", "heartbeat_reply", "rehello", "x"})
    for (int i = 0; i < 200; ++i) {
      std::string body(random() % 40, '\0');
      for (auto& c : body) c = static_cast<char>(random());
      world.inject(name, body);
    }
  world.server.add(plan({shell("a")}));
  EXPECT_TRUE(world.run_until([&] { return world.server.all_finished(); }));
}

// Messages are lost, doubled, late and out of order, the server restarts, the network goes away: every
// build ends, once, with every byte.
TEST(Reliability, AnyNetwork) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    std::mt19937_64 random(seed);
    World world(seed);
    world.server.heartbeat_ms = 1000;
    world.loss = static_cast<double>(random() % 30) / 100;
    world.repeat = static_cast<double>(random() % 30) / 100;
    world.longest_delay = milliseconds(random() % 80);
    world.server.on_question = [](const wire::Question&) {
      wire::Answer a;
      a.value = "yes";
      return a;
    };
    world.script = [&random](const StartCommand&) {
      return printing(static_cast<int>(random() % 200), milliseconds(random() % 20),
                      random() % (random() % 10 == 0 ? 10'000 : 300));
    };
    auto asks = shell("c");
    asks.do_step_if = json::Object{{"$question", 4}};
    for (int i = 0; i < 4; ++i) {
      auto p = plan({shell("a"), shell("b"), asks});
      p.directory = "d" + std::to_string(i);
      world.server.add(p);
    }
    for (int i = 0; i < 6; ++i) {
      world.run_for(milliseconds(random() % 3000));
      if (random() % 2) world.server.restart();
      world.network_down = true;
      world.run_for(milliseconds(random() % 5000));
      world.network_down = false;
    }
    ASSERT_TRUE(world.run_until([&] { return world.server.all_finished(); }, 30min)) << "seed " << seed;
    ASSERT_TRUE(world.server.errors.empty()) << "seed " << seed << ": " << world.server.errors.front();
    std::multiset<std::string> told, wrote;  // the output of each step
    bool lost = false;
    for (int r = 1; r <= 4; ++r) {
      auto& b = world.server.build(r);
      // A hello that was overtaken by an accept gives the build away: allowed, as long as it is not kept.
      if (b.state == FakeBuild::State::lost) {
        lost = true;
        continue;
      }
      ASSERT_EQ(b.finish->results, Results::success) << "seed " << seed;
      ASSERT_EQ(b.steps.size(), 3u);
      for (int s = 0; s < 3; ++s) told.insert(logchunk::unframe(b.log(s, "stdio"), "o"));
    }
    if (lost) continue;
    for (const auto& command : world.started) wrote.insert(world.wrote[command.exec]);
    ASSERT_TRUE(told == wrote) << "seed " << seed;
  }
}

}  // namespace headrace::worker::testing
