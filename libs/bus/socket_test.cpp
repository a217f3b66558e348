// SPDX-License-Identifier: Apache-2.0
#include "bus/socket.hpp"

#include <gtest/gtest.h>

#include <boost/asio/steady_timer.hpp>
#include <chrono>

namespace headrace::bus {
namespace {

using namespace std::chrono_literals;

// Runs the loop until `done` or the deadline; says whether it was done.
bool run_until(boost::asio::io_context& io, const std::function<bool()>& done,
               std::chrono::milliseconds limit = 5s) {
  const auto end = std::chrono::steady_clock::now() + limit;
  while (!done() && std::chrono::steady_clock::now() < end) {
    io.run_one_for(10ms);
    io.restart();
  }
  return done();
}

}  // namespace

TEST(Socket, CarriesManyMessagesBothWaysUnderCurve) {
  boost::asio::io_context io;
  Context context;
  const auto server_keys = new_key_pair(), client_keys = new_key_pair();
  context.authenticate(io, [&](const std::string& domain, const std::string& key, auto answer) {
    answer(domain == "worker" && key == client_keys.public_key);
  });
  context.answer_handshakes();
  Socket router(io, context, SocketType::router);
  router.secure_server(server_keys, "worker");
  router.bind("tcp://127.0.0.1:*");
  int got = 0, back = 0;
  std::string user;
  router.on_message([&](Message m) {
    user = m.user;
    ++got;
    router.send_to(m.peer, m.frames);
  });
  Socket dealer(io, context, SocketType::dealer);
  dealer.secure_client(client_keys, server_keys.public_key);
  dealer.on_message([&](Message m) {
    EXPECT_EQ(m.frames, (Frames{"offer", std::to_string(back)}));
    ++back;
  });
  dealer.connect(router.last_endpoint());
  for (int i = 0; i < 5000; ++i) dealer.send({"offer", std::to_string(i)});
  EXPECT_TRUE(run_until(io, [&] { return back == 5000; })) << back;
  EXPECT_EQ(got, 5000);
  EXPECT_EQ(user, client_keys.public_key);
}

TEST(Socket, NamesTheUserOfEveryMessage) {
  boost::asio::io_context io;
  Context context;
  const auto server_keys = new_key_pair(), client_keys = new_key_pair();
  context.authenticate(io, [](const std::string&, const std::string&, auto answer) { answer(true); });
  context.answer_handshakes();
  Socket router(io, context, SocketType::router);
  router.secure_server(server_keys, "worker");
  router.bind("tcp://127.0.0.1:*");
  int got = 0, named = 0;
  std::string peer;
  router.on_message([&](Message m) {
    ++got;
    named += m.user == client_keys.public_key;
    peer = m.peer;
  });
  Socket dealer(io, context, SocketType::dealer);
  dealer.secure_client(client_keys, server_keys.public_key);
  dealer.connect(router.last_endpoint());
  dealer.send({"first"});
  ASSERT_TRUE(run_until(io, [&] { return got == 1; }));
  // The router sends while messages arrive: after a send it is asked whether there are any, and libzmq
  // fetches one ahead for the answer.
  for (int i = 0; i < 2000; ++i) {
    dealer.send({"report", std::to_string(i)});
    router.send_to(peer, {"reported"});
    io.poll_one();
    io.restart();
  }
  EXPECT_TRUE(run_until(io, [&] { return got == 2001; })) << got;
  EXPECT_EQ(named, got);
}

TEST(Socket, RefusesAKeyThatIsNotAllowed) {
  boost::asio::io_context io;
  Context context;
  const auto server_keys = new_key_pair();
  int asked = 0;
  context.authenticate(io, [&](const std::string&, const std::string&, auto answer) {
    ++asked;
    answer(false);
  });
  context.answer_handshakes();
  Socket router(io, context, SocketType::router);
  router.secure_server(server_keys, "worker");
  router.bind("tcp://127.0.0.1:*");
  int got = 0;
  router.on_message([&](Message) { ++got; });
  Socket dealer(io, context, SocketType::dealer);
  dealer.secure_client(new_key_pair(), server_keys.public_key);
  dealer.connect(router.last_endpoint());
  dealer.send({"hello"});
  EXPECT_TRUE(run_until(io, [&] { return asked > 0; }));
  run_until(
      io, [&] { return got > 0; }, 200ms);
  EXPECT_EQ(got, 0);
}

TEST(Socket, LetsHandshakesWaitForKeysAndForAnswers) {
  boost::asio::io_context io;
  Context context;
  const auto server_keys = new_key_pair();
  int got = 0;
  std::vector<std::function<void(bool)>> asked;
  context.authenticate(io,
                       [&](const std::string&, const std::string&, auto answer) { asked.push_back(answer); });
  Socket router(io, context, SocketType::router);
  router.secure_server(server_keys, "worker");
  router.bind("tcp://127.0.0.1:*");
  router.on_message([&](Message) { ++got; });
  Socket one(io, context, SocketType::dealer), two(io, context, SocketType::dealer);
  for (auto* dealer : {&one, &two}) {
    dealer->secure_client(new_key_pair(), server_keys.public_key);
    dealer->connect(router.last_endpoint());
    dealer->send({"hello"});
  }
  run_until(
      io, [&] { return !asked.empty(); }, 100ms);
  EXPECT_TRUE(asked.empty());  // nobody is asked before the keys are known
  context.answer_handshakes();
  ASSERT_TRUE(run_until(io, [&] { return asked.size() == 1; }));
  run_until(
      io, [&] { return got > 0 || asked.size() > 1; }, 100ms);
  EXPECT_EQ(got, 0);
  asked[0](true);
  ASSERT_TRUE(run_until(io, [&] { return asked.size() == 2; }));
  asked[1](true);
  EXPECT_TRUE(run_until(io, [&] { return got == 2; }));
}

TEST(Socket, GathersWhatArrivesWithinItsTime) {
  boost::asio::io_context io;
  Context context;
  Socket pub(io, context, SocketType::xpub), sub(io, context, SocketType::sub);
  pub.bind("tcp://127.0.0.1:*");
  sub.gather(50ms);
  int got = 0, runs = 0;
  bool ready = false;
  sub.on_message([&](Message) { ++got; });
  sub.on_drained([&] { ++runs; });
  pub.on_message([&](Message) { ready = true; });
  sub.subscribe("build.");
  sub.connect(pub.last_endpoint());
  ASSERT_TRUE(run_until(io, [&] { return ready; }));
  for (int i = 0; i < 10; ++i) {
    pub.send({"build.new", std::to_string(i)});
    run_until(
        io, [] { return false; }, 2ms);
  }
  EXPECT_TRUE(run_until(io, [&] { return got == 10; })) << got;
  EXPECT_LE(runs, 3);
}

TEST(Socket, ForwardsFromPublishersToSubscribersByTopic) {
  boost::asio::io_context io;
  Context context;
  Socket xsub(io, context, SocketType::xsub), xpub(io, context, SocketType::xpub);
  xsub.bind("tcp://127.0.0.1:*");
  xpub.bind("tcp://127.0.0.1:*");
  forward(xsub, xpub);
  Socket pub(io, context, SocketType::pub), sub(io, context, SocketType::sub);
  pub.connect(xsub.last_endpoint());
  sub.subscribe("build.");
  std::vector<std::string> topics;
  sub.on_message([&](Message m) { topics.push_back(m.frames.at(0)); });
  sub.connect(xpub.last_endpoint());
  const bool arrived = run_until(io, [&] {
    pub.send({"change.new", "1"});
    pub.send({"build.finished.hello", "2"});
    return !topics.empty();
  });
  EXPECT_TRUE(arrived);
  for (const auto& topic : topics) EXPECT_EQ(topic, "build.finished.hello");
}

TEST(Socket, AnswersFalseForAPeerThatIsNotThere) {
  boost::asio::io_context io;
  Context context;
  Socket router(io, context, SocketType::router);
  router.bind("tcp://127.0.0.1:*");
  EXPECT_FALSE(router.send_to("nobody", {"x"}));
}

TEST(Socket, NamesTheEndpointItCannotBind) {
  boost::asio::io_context io;
  Context context;
  Socket router(io, context, SocketType::router);
  try {
    router.bind("tcp://nowhere.invalid:1");
    FAIL();
  } catch (const std::runtime_error& e) {
    EXPECT_NE(std::string(e.what()).find("tcp://nowhere.invalid:1"), std::string::npos);
  }
}

TEST(Socket, TellsThatItsConnectionBroke) {
  boost::asio::io_context io;
  Context context;
  auto router = std::make_unique<Socket>(io, context, SocketType::router);
  router->bind("tcp://127.0.0.1:*");
  const auto endpoint = router->last_endpoint();
  Socket dealer(io, context, SocketType::dealer);
  int broke = 0, heard = 0;
  dealer.on_disconnected([&] { ++broke; });
  dealer.connect(endpoint);
  const auto serve = [&] { router->on_message([&](Message) { ++heard; }); };
  serve();
  dealer.send({"one"});
  ASSERT_TRUE(run_until(io, [&] { return heard == 1; }));
  EXPECT_EQ(broke, 0);
  router.reset();
  ASSERT_TRUE(run_until(io, [&] { return broke == 1; }));
  // It connects again by itself.
  router = std::make_unique<Socket>(io, context, SocketType::router);
  bool bound = false;
  ASSERT_TRUE(run_until(io, [&] {
    try {
      if (!bound) router->bind(endpoint);
      bound = true;
    } catch (const std::runtime_error&) {
      // the old one is closed in the background
    }
    return bound;
  }));
  serve();
  dealer.send({"two"});
  EXPECT_TRUE(run_until(io, [&] { return heard == 2; }));
  EXPECT_EQ(broke, 1);
}

}  // namespace headrace::bus
