// SPDX-License-Identifier: Apache-2.0
// What a server bears from peers that mean no good, and that others are served meanwhile.
#include <sys/resource.h>

#include "http/testing/peers.hpp"

namespace headrace::http {
namespace {

using Clock = std::chrono::steady_clock;

bool is_served(RunningServer& server) {
  RawClient client(server.port());
  return client.send("GET /honest HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n") &&
         client.read_all().ends_with("GET /honest ");
}

std::string post_head(std::size_t length) {
  return "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: " + std::to_string(length) + "\r\n\r\n";
}

TEST(ServerLimits, GivesABodyThatStandsStillItsEnd) {
  ServerOptions options;
  options.body_silence = 1s;
  RunningServer server(echo, options);
  RawClient client(server.port());
  ASSERT_TRUE(client.send(post_head(1000) + std::string(900, 'x')));
  EXPECT_EQ(client.read_all().substr(0, 12), "HTTP/1.1 408");
}

TEST(ServerLimits, GivesABodyThatTricklesItsEnd) {
  ServerOptions options;
  options.body_silence = 5s;
  options.body_time = 1s;
  RunningServer server(echo, options);
  RawClient client(server.port());
  ASSERT_TRUE(client.send(post_head(1000)));
  const auto end = Clock::now() + 10s;
  while (client.send("x") && Clock::now() < end) std::this_thread::sleep_for(50ms);
  EXPECT_LT(Clock::now(), end);
}

TEST(ServerLimits, HoldsSoManyBytesOfBodiesAndTakesSmallOnesMeanwhile) {
  ServerOptions options;
  options.max_body_bytes = 4 << 20;
  options.max_held_bytes = 8 << 20;
  RunningServer server(echo, options);
  std::vector<std::unique_ptr<RawClient>> clients;
  for (int i = 0; i < 10; ++i) {
    clients.push_back(std::make_unique<RawClient>(server.port()));
    clients.back()->send(post_head(4'000'000) + std::string(3'900'000, 'x'));
  }
  RawClient honest(server.port());
  ASSERT_TRUE(honest.send(post_head(5) + "hello"));
  EXPECT_EQ(honest.read_answer().second, "POST / hello");
  // What is within the bound is taken when it comes to its end.
  int taken = 0, refused = 0;
  for (auto& client : clients) {
    client->send(std::string(100'000, 'x'));
    const auto [head, body] = client->read_answer();
    taken += body.size() == 7u + 4'000'000;
    refused += head.substr(0, 12) == "HTTP/1.1 503";
  }
  EXPECT_EQ(taken + refused, 10);
  EXPECT_GE(taken, 1);
  EXPECT_LE(taken, 2);
}

TEST(ServerLimits, HoldsSoManyBytesOfAnswersThatNobodyReads) {
  ServerOptions options;
  options.max_held_bytes = 64 << 20;
  RunningServer server(
      [](Request request, ResponderPtr responder) {
        if (request.path != "/large") return echo(std::move(request), std::move(responder));
        responder->send(Response{200, "text/plain", std::string(20 << 20, 'x'), {}});
      },
      options);
  std::vector<std::unique_ptr<RawClient>> clients;
  for (int i = 0; i < 10; ++i) {
    clients.push_back(std::make_unique<RawClient>(server.port(), 16 << 10));
    ASSERT_TRUE(clients.back()->send("GET /large HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"));
  }
  EXPECT_TRUE(is_served(server));
  int whole = 0;
  for (auto& client : clients) whole += client->read_all().size() > 20u << 20;
  EXPECT_GE(whole, 2);
  EXPECT_LE(whole, 5);
}

TEST(ServerLimits, GivesAnAnswerThatIsTakenByteByByteItsEnd) {
  ServerOptions options;
  options.answer_time = 1s;
  options.slowest_reader = 100 << 20;
  RunningServer server(
      [](Request, ResponderPtr responder) {
        responder->send(Response{200, "text/plain", std::string(32 << 20, 'x'), {}});
      },
      options);
  RawClient client(server.port(), 16 << 10);
  ASSERT_TRUE(client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n"));
  for (int i = 0; i < 30; ++i) {
    client.read_exactly(100'000);
    std::this_thread::sleep_for(100ms);
  }
  EXPECT_LT(client.read_all().size(), 28u << 20);
}

TEST(ServerLimits, ClosesTheIdleOneForTheNextOne) {
  ServerOptions options;
  options.max_connections = 20;
  RunningServer server(echo, options);
  std::vector<std::unique_ptr<RawClient>> idle;
  for (int i = 0; i < 100; ++i) {
    idle.push_back(std::make_unique<RawClient>(server.port()));
    if (i % 10 == 0) {
      EXPECT_TRUE(is_served(server)) << i;
    }
  }
  EXPECT_EQ(idle[0]->read_all(), "");
  EXPECT_TRUE(is_served(server));
}

TEST(ServerLimits, ClosesTheOldestStreamWhenAllAreStreams) {
  ServerOptions options;
  options.max_connections = 5;
  std::vector<StreamPtr> streams;
  RunningServer server(
      [&](Request request, ResponderPtr responder) {
        if (request.path != "/stream") return echo(std::move(request), std::move(responder));
        streams.push_back(responder->stream(Response{}));
      },
      options);
  std::vector<std::unique_ptr<RawClient>> clients;
  for (int i = 0; i < 5; ++i) {
    clients.push_back(std::make_unique<RawClient>(server.port()));
    ASSERT_TRUE(clients.back()->send("GET /stream HTTP/1.1\r\nHost: h\r\n\r\n"));
    clients.back()->read_until("\r\n\r\n");
  }
  EXPECT_TRUE(is_served(server));
  EXPECT_EQ(clients[0]->read_all(), "");
  std::promise<void> cleared;
  boost::asio::post(server.io, [&] { streams.clear(), cleared.set_value(); });
  cleared.get_future().wait();
}

// The bound of the process, put down to what it has open now.
class FewDescriptors {
 public:
  explicit FewDescriptors(rlim_t more) {
    ::getrlimit(RLIMIT_NOFILE, &before_);
    const int next = ::dup(0);
    ::close(next);
    const rlimit few{static_cast<rlim_t>(next) + more, before_.rlim_max};
    ::setrlimit(RLIMIT_NOFILE, &few);
  }
  ~FewDescriptors() { ::setrlimit(RLIMIT_NOFILE, &before_); }

 private:
  rlimit before_{};
};

TEST(ServerLimits, GoesOnWhenTheProcessHasNoDescriptorLeft) {
  RunningServer server(echo);
  EXPECT_TRUE(is_served(server));
  std::vector<std::unique_ptr<RawClient>> idle;
  {
    // Peers of the same process use descriptors too: for each of them the server needs another one.
    const FewDescriptors few(41);
    for (int i = 0; i < 21; ++i) idle.push_back(std::make_unique<RawClient>(server.port()));
    std::this_thread::sleep_for(300ms);
    idle.pop_back();
    EXPECT_TRUE(is_served(server));
  }
  EXPECT_TRUE(is_served(server));
}

TEST(ServerLimits, RefusesTransferCodingsThatItDoesNotKnow) {
  RunningServer server(echo);
  for (const std::string headers :
       {"Transfer-Encoding: gzip\r\n", "Transfer-Encoding: xchunked\r\n", "Transfer-Encoding: identity\r\n",
        "Transfer-Encoding: gzip, chunked\r\n", "Transfer-Encoding: chunked\r\nTransfer-Encoding: x\r\n",
        "Transfer-Encoding: x\r\nTransfer-Encoding: chunked\r\n", "Transfer-Encoding: chunked, chunked\r\n",
        "Transfer-Encoding:\r\n", "Transfer-Encoding: \"chunked\"\r\n"}) {
    RawClient client(server.port());
    ASSERT_TRUE(client.send("POST /outer HTTP/1.1\r\nHost: h\r\n" + headers +
                            "\r\nGET /inner HTTP/1.1\r\nHost: h\r\n\r\n"));
    const auto answer = client.read_all();
    EXPECT_EQ(answer.substr(0, 12), "HTTP/1.1 400") << headers;
    EXPECT_EQ(answer.find("inner"), std::string::npos) << headers;
  }
  RawClient old(server.port());
  ASSERT_TRUE(old.send("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"));
  EXPECT_EQ(old.read_all().substr(9, 3), "400");
}

TEST(ServerLimits, ProtectsEveryAnswer) {
  RunningServer server([](Request request, ResponderPtr responder) {
    Response response;
    if (request.path == "/own") response.headers = {{"content-security-policy", "sandbox"}};
    responder->send(std::move(response));
  });
  RawClient client(server.port());
  ASSERT_TRUE(
      client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\nGET /own HTTP/1.1\r\nHost: h\r\n\r\nbad\r\n\r\n"));
  for (int i = 0; i < 3; ++i) {
    const auto head = client.read_answer().first;
    EXPECT_NE(head.find("\r\nX-Content-Type-Options: nosniff\r\n"), std::string::npos) << head;
    EXPECT_EQ(head.find("Content-Security-Policy: default-src 'none'") != std::string::npos, i != 1) << head;
  }
}

}  // namespace
}  // namespace headrace::http
