// SPDX-License-Identifier: Apache-2.0
#include <sys/stat.h>
#include <sys/un.h>

#include <filesystem>

#include "http/testing/peers.hpp"

namespace headrace::http {
namespace {

TEST(Server, AnswersAndKeepsTheConnection) {
  RunningServer server(echo);
  RawClient client(server.port());
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(client.send("POST /x?n=1 HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello"));
    const auto [head, body] = client.read_answer();
    EXPECT_EQ(head.substr(0, 17), "HTTP/1.1 200 OK\r\n");
    EXPECT_EQ(head.find("Connection: close"), std::string::npos);
    EXPECT_EQ(body, "POST /x?n=1 hello");
  }
}

TEST(Server, AnswersPipelinedRequestsInOrderEvenWhenTheHandlerTakesLonger) {
  // The first answer is given only after the second request has long arrived.
  boost::asio::io_context* loop = nullptr;
  RunningServer server([&loop](Request request, ResponderPtr responder) {
    boost::asio::post(*loop, [request, responder] { echo(request, responder); });
  });
  loop = &server.io;
  RawClient client(server.port());
  std::string requests;
  for (int i = 0; i < 50; ++i) requests += "GET /" + std::to_string(i) + " HTTP/1.1\r\nHost: h\r\n\r\n";
  ASSERT_TRUE(client.send(requests));
  for (int i = 0; i < 50; ++i) EXPECT_EQ(client.read_answer().second, "GET /" + std::to_string(i) + " ");
}

TEST(Server, AnswersTwoHundredConnectionsAtOnce) {
  RunningServer server(echo);
  std::vector<std::unique_ptr<RawClient>> clients;
  for (int i = 0; i < 200; ++i) clients.push_back(std::make_unique<RawClient>(server.port()));
  for (int round = 0; round < 3; ++round) {
    for (auto& client : clients) ASSERT_TRUE(client->send("GET /r HTTP/1.1\r\nHost: h\r\n\r\n"));
    for (auto& client : clients) EXPECT_EQ(client->read_answer().second, "GET /r ");
  }
}

TEST(Server, GivesHeadTheLengthAndNoBody) {
  RunningServer server(echo);
  RawClient client(server.port());
  ASSERT_TRUE(client.send("HEAD /12345 HTTP/1.1\r\nHost: h\r\n\r\nGET /next HTTP/1.1\r\nHost: h\r\n\r\n"));
  const auto head = client.read_until("\r\n\r\n");
  EXPECT_NE(head.find("Content-Length: 12\r\n"), std::string::npos) << head;
  EXPECT_EQ(client.read_answer().second, "GET /next ");
}

TEST(Server, SaysNoLengthWithoutContent) {
  RunningServer server([](Request, ResponderPtr r) { r->send(Response{204, "text/plain", "lost", {}}); });
  RawClient client(server.port());
  ASSERT_TRUE(client.send("DELETE /x HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"));
  const auto answer = client.read_all();
  EXPECT_EQ(answer.substr(0, 25), "HTTP/1.1 204 No Content\r\n");
  EXPECT_EQ(answer.find("Content-Length"), std::string::npos);
  EXPECT_EQ(answer.substr(answer.size() - 4), "\r\n\r\n");
}

TEST(Server, ClosesAfterAnOldClientUnlessItAsks) {
  RunningServer server(echo);
  RawClient old(server.port());
  ASSERT_TRUE(old.send("GET /a HTTP/1.0\r\n\r\n"));
  const auto answer = old.read_all();
  EXPECT_EQ(answer.substr(0, 12), "HTTP/1.0 200");
  EXPECT_EQ(answer.substr(answer.size() - 7), "GET /a ");
  RawClient asking(server.port());
  for (int i = 0; i < 2; ++i) {
    ASSERT_TRUE(asking.send("GET /a HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"));
    EXPECT_NE(asking.read_answer().first.find("Connection: keep-alive"), std::string::npos);
  }
}

TEST(Server, RefusesWhatIsNotHttp) {
  RunningServer server(echo);
  for (const std::string bad : {"\x16\x03\x01 not http\r\n\r\n", "GET /\r\n\r\n",
                                "GET / HTTP/1.1\r\nno colon\r\n\r\n", "GET /a b HTTP/1.1\r\n\r\n",
                                "GET / HTTP/3.7\r\n\r\n", "GET / HTTP/1.1\r\nContent-Length: x\r\n\r\n"}) {
    RawClient client(server.port());
    ASSERT_TRUE(client.send(bad));
    const auto answer = client.read_all();
    EXPECT_EQ(answer.substr(0, 12), "HTTP/1.1 400") << bad;
    EXPECT_NE(answer.find("not an HTTP request"), std::string::npos) << answer;
  }
}

TEST(Server, BoundsTheHeader) {
  RunningServer server(echo);
  RawClient fits(server.port());
  ASSERT_TRUE(fits.send("GET /fits HTTP/1.1\r\nX-Long: " + std::string(60'000, 'x') + "\r\n\r\n"));
  EXPECT_EQ(fits.read_answer().second, "GET /fits ");
  RawClient client(server.port());
  client.send("GET / HTTP/1.1\r\nX-Long: " + std::string(200'000, 'x'));  // may be cut off
  EXPECT_EQ(client.read_all().substr(0, 12), "HTTP/1.1 431");
}

TEST(Server, BoundsTheBody) {
  ServerOptions options;
  options.max_body_bytes = 16u << 20;
  RunningServer server(echo, options);
  const std::string large(20u << 20, 'x');
  RawClient declared(server.port());
  declared.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: " + std::to_string(large.size()) + "\r\n\r\n" +
                large);
  const auto answer = declared.read_all();
  EXPECT_EQ(answer.substr(0, 12), "HTTP/1.1 413");
  EXPECT_NE(answer.find("Connection: close"), std::string::npos);
  RawClient chunked(server.port());
  chunked.send("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n1400000\r\n" + large +
               "\r\n0\r\n\r\n");
  EXPECT_EQ(chunked.read_all().substr(0, 12), "HTTP/1.1 413");
}

TEST(Server, TakesTwentyMegabytesWhenAllowed) {
  std::size_t received = 0;
  ServerOptions options;
  options.max_body_bytes = 32u << 20;
  RunningServer server(
      [&received](Request request, ResponderPtr responder) {
        received = request.body.size();
        responder->send(Response{200, "text/plain", std::move(request.body), {}});
      },
      options);
  std::string large(20'000'000, 'x');
  for (std::size_t i = 0; i < large.size(); i += 997) large[i] = static_cast<char>('a' + i % 26);
  RawClient client(server.port());
  ASSERT_TRUE(client.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 20000000\r\n\r\n" + large));
  EXPECT_EQ(client.read_answer().second, large);
  EXPECT_EQ(received, large.size());
}

TEST(Server, InvitesTheBodyOfAClientThatWaits) {
  RunningServer server(echo);
  RawClient client(server.port());
  ASSERT_TRUE(
      client.send("POST /w HTTP/1.1\r\nHost: h\r\nExpect: 100-Continue\r\nContent-Length: 2\r\n\r\n"));
  EXPECT_EQ(client.read_until("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
  ASSERT_TRUE(client.send("ok"));
  EXPECT_EQ(client.read_answer().second, "POST /w ok");
  // Nobody is invited to send what would be refused.
  RawClient large(server.port());
  ASSERT_TRUE(
      large.send("POST /w HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 99999999\r\n\r\n"));
  EXPECT_EQ(large.read_until("\r\n").substr(0, 12), "HTTP/1.1 413");
}

TEST(Server, ReadsARequestThatComesByteByByte) {
  RunningServer server(echo);
  RawClient client(server.port());
  for (const char c : std::string("PUT /slow HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc")) {
    ASSERT_TRUE(client.send({&c, 1}));
  }
  EXPECT_EQ(client.read_answer().second, "PUT /slow abc");
}

TEST(Server, ClosesIdleConnectionsAndSaysWhyToHalfARequest) {
  ServerOptions options;
  options.idle_time = options.header_time = 1s;
  RunningServer server(echo, options);
  RawClient silent(server.port()), half(server.port());
  ASSERT_TRUE(half.send("GET / HTTP/1.1\r\nHo"));
  EXPECT_EQ(silent.read_all(), "");
  EXPECT_EQ(half.read_all().substr(0, 12), "HTTP/1.1 408");
}

TEST(Server, DoesNotLetATrickleOfHeaderKeepAConnection) {
  ServerOptions options;
  options.idle_time = options.header_time = 1s;
  RunningServer server(echo, options);
  RawClient client(server.port());
  ASSERT_TRUE(client.send("GET / HTTP/1.1\r\nX: "));
  const auto end = std::chrono::steady_clock::now() + 10s;
  while (client.send("x") && std::chrono::steady_clock::now() < end) std::this_thread::sleep_for(50ms);
  EXPECT_LT(std::chrono::steady_clock::now(), end);
}

TEST(Server, AnswersFiveHundredWhenTheHandlerForgets) {
  RunningServer server([](Request, ResponderPtr) {});
  RawClient client(server.port());
  ASSERT_TRUE(client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n"));
  EXPECT_EQ(client.read_answer().first.substr(0, 12), "HTTP/1.1 500");
}

TEST(Server, LetsNoHeaderValueAddAHeader) {
  RunningServer server([](Request request, ResponderPtr responder) {
    responder->send(Response{302, "text/plain", "", {{"Location", *request.param("to")}}});
  });
  RawClient client(server.port());
  ASSERT_TRUE(client.send("GET /?to=/a%0d%0aSet-Cookie:x=1 HTTP/1.1\r\nHost: h\r\n\r\n"));
  EXPECT_EQ(client.read_answer().first.find("\nSet-Cookie"), std::string::npos);
}

TEST(Server, NamesTheAddressThatIsTaken) {
  RunningServer server(echo);
  boost::asio::io_context io;
  try {
    Server second(io, server.address, echo);
    FAIL() << "bound twice";
  } catch (const std::runtime_error& error) {
    EXPECT_NE(std::string(error.what()).find(server.address), std::string::npos) << error.what();
  }
}

TEST(Server, AnswersAfterItsPeerHasGoneWithoutHarm) {
  std::promise<ResponderPtr> asked;
  RunningServer server([&](Request request, ResponderPtr responder) {
    if (request.path == "/slow") return asked.set_value(responder);
    echo(request, responder);
  });
  {
    RawClient client(server.port());
    ASSERT_TRUE(client.send("GET /slow HTTP/1.1\r\nHost: h\r\n\r\n"));
    auto responder = asked.get_future().get();
    client.close();
    boost::asio::post(server.io, [responder = std::move(responder)] {
      responder->send(Response{200, "text/plain", std::string(1 << 20, 'x'), {}});
    });
  }
  RawClient next(server.port());
  ASSERT_TRUE(next.send("GET /alive HTTP/1.1\r\nHost: h\r\n\r\n"));
  EXPECT_EQ(next.read_answer().second, "GET /alive ");
}

class UnixServer : public ::testing::Test {
 protected:
  void SetUp() override {
    char name[] = "/tmp/headrace-http-XXXXXX";
    folder_ = ::mkdtemp(name);
    path_ = folder_ / "s";
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  std::filesystem::path folder_, path_;
};

TEST_F(UnixServer, RemovesItsSocketAndTakesOverADeadOne) {
  boost::asio::io_context io;
  const std::string address = "unix:" + path_.string();
  // What a killed process leaves: a socket file with nobody behind it.
  const int fd = ::socket(AF_UNIX, SOCK_STREAM, 0);
  sockaddr_un name{};
  name.sun_family = AF_UNIX;
  path_.string().copy(name.sun_path, sizeof name.sun_path - 1);
  ASSERT_EQ(::bind(fd, reinterpret_cast<sockaddr*>(&name), sizeof name), 0);
  ::close(fd);
  {
    Server server(io, address, echo);
    EXPECT_EQ(server.address(), address);
    EXPECT_THROW(Server(io, address, echo), std::runtime_error);
    EXPECT_TRUE(std::filesystem::exists(path_));
  }
  EXPECT_FALSE(std::filesystem::exists(path_));
}

}  // namespace
}  // namespace headrace::http
