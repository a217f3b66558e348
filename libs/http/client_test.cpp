// SPDX-License-Identifier: Apache-2.0
#include "http/client.hpp"

#include <filesystem>

#include "http/testing/peers.hpp"

namespace headrace::http {
namespace {

std::string url(const RunningServer& server, const std::string& path) {
  return "http://" + server.address + path;
}

// Sends and runs the loop until the reply is there, ten seconds at most.
Reply ask(Call call) {
  boost::asio::io_context io;
  Client client(io);
  std::optional<Reply> reply;
  client.send(std::move(call), [&](Reply r) {
    reply = std::move(r);
    io.stop();
  });
  io.run_for(10s);
  EXPECT_TRUE(reply) << "no reply in ten seconds";
  return reply.value_or(Reply{});
}

// Says what arrived: method, target, the headers of interest, body.
void describe(Request request, ResponderPtr responder) {
  Response response;
  response.status = 202;
  response.body =
      request.method + " " + request.target + " type=" + std::string(request.header("Content-Type")) +
      " auth=" + std::string(request.header("Authorization")) + " x=" + std::string(request.header("X-A")) +
      " length=" + std::string(request.header("Content-Length")) + " " + request.body;
  responder->send(std::move(response));
}

TEST(Client, SendsMethodsHeadersAndBodies) {
  RunningServer server(describe);
  Call call;
  call.url = url(server, "/g?a=1");
  EXPECT_EQ(ask(call).body, "GET /g?a=1 type= auth= x= length= ");
  call.method = "POST";
  call.body = "{}";
  call.headers = {{"Content-Type", "application/json"}, {"X-A", "b"}};
  EXPECT_EQ(ask(call).body, "POST /g?a=1 type=application/json auth= x=b length=2 {}");
  call.method = "PUT";
  call.body = "";
  call.headers = {};
  EXPECT_EQ(ask(call).body, "PUT /g?a=1 type= auth= x= length=0 ");
  call.method = "DELETE";
  call.user = "ann";
  call.password = "pw";
  EXPECT_EQ(ask(call).body, "DELETE /g?a=1 type= auth=Basic YW5uOnB3 x= length= ");
  call.method = "HEAD";
  const auto head = ask(call);
  EXPECT_EQ(head.status, 202);
  EXPECT_EQ(head.error, "");
}

TEST(Client, KeepsTwoHundredCallsApart) {
  RunningServer server(echo);
  boost::asio::io_context io;
  Client client(io);
  int answered = 0;
  for (int i = 0; i < 200; ++i) {
    Call call;
    call.url = url(server, "/" + std::to_string(i));
    client.send(std::move(call), [&, i](const Reply& reply) {
      EXPECT_EQ(reply.body, "GET /" + std::to_string(i) + " ") << reply.error;
      if (++answered == 200) io.stop();
    });
  }
  io.run_for(10s);
  EXPECT_EQ(answered, 200);
}

TEST(Client, NamesThePeerThatCannotBeReached) {
  Call call;
  {
    RunningServer server(echo);
    call.url = url(server, "/");
  }  // nobody listens there any more
  const auto reply = ask(call);
  EXPECT_EQ(reply.status, 0);
  EXPECT_NE(reply.error.find(call.url.substr(7, call.url.size() - 8)), std::string::npos) << reply.error;
  call.url = "ftp://127.0.0.1/";
  EXPECT_NE(ask(call).error, "");
  call.url = "no url at all";
  EXPECT_NE(ask(call).error.find("no url at all"), std::string::npos);
}

TEST(Client, GivesUpAfterTheTimeout) {
  std::vector<ResponderPtr> kept;
  RunningServer server([&](Request, ResponderPtr responder) { kept.push_back(responder); });
  Call call;
  call.url = url(server, "/");
  call.timeout = 200ms;
  const auto reply = ask(call);
  EXPECT_NE(reply.error.find("timed out"), std::string::npos) << reply.error;
  EXPECT_EQ(reply.status, 0);
}

TEST(Client, BoundsTheAnswer) {
  RunningServer server([](Request, ResponderPtr responder) {
    responder->send(Response{200, "text/plain", std::string(17u << 20, 'x'), {}});
  });
  Call call;
  call.url = url(server, "/");
  EXPECT_NE(ask(call).error.find("16 MiB"), std::string::npos);
}

TEST(Client, RefusesALineBreakInAHeader) {
  Call call;
  call.url = "http://127.0.0.1:1/";
  call.headers = {{"X-A", "b\r\nX-Evil: 1"}};
  EXPECT_NE(ask(call).error.find("line break"), std::string::npos);
  EXPECT_NE(call_and_wait(call).error.find("line break"), std::string::npos);
}

TEST(Client, FollowsRedirectsOfReadsOnly) {
  RunningServer server([](Request request, ResponderPtr responder) {
    if (request.path == "/to") return echo(request, responder);
    responder->send(Response{302, "text/plain", "elsewhere", {{"Location", "/to"}}});
  });
  Call call;
  call.url = url(server, "/from");
  EXPECT_EQ(ask(call).body, "GET /to ");
  call.method = "POST";
  EXPECT_EQ(ask(call).status, 302);
}

TEST(Client, MayBeDestroyedInItsOwnCallback) {
  RunningServer server(echo);
  boost::asio::io_context io;
  auto client = std::make_unique<Client>(io);
  int called = 0;
  for (int i = 0; i < 5; ++i) {
    Call call;
    call.url = url(server, "/");
    client->send(call, [&](const Reply&) {
      ++called;
      client.reset();
    });
  }
  io.run_for(10s);
  EXPECT_EQ(called, 1);
}

TEST(Client, SendsAgainFromACallback) {
  RunningServer server(echo);
  boost::asio::io_context io;
  Client client(io);
  int rounds = 0;
  std::function<void(Reply)> again = [&](const Reply& reply) {
    EXPECT_EQ(reply.error, "");
    if (++rounds == 5) return io.stop();
    Call call;
    call.url = url(server, "/" + std::to_string(rounds));
    client.send(call, again);
  };
  again(Reply{});
  io.run_for(10s);
  EXPECT_EQ(rounds, 5);
}

TEST(Client, SpeaksThroughAUnixSocket) {
  char name[] = "/tmp/headrace-http-XXXXXX";
  const std::filesystem::path folder = ::mkdtemp(name);
  {
    RunningServer server(describe, {}, "unix:" + (folder / "s").string());
    Call call;
    call.url = "http://control/x";
    call.unix_socket = folder / "s";
    EXPECT_EQ(ask(call).status, 202);
    EXPECT_EQ(call_and_wait(call).body, "GET /x type= auth= x= length= ");
    call.unix_socket = folder / "nobody";
    EXPECT_NE(call_and_wait(call).error, "");
  }
  std::filesystem::remove_all(folder);
}

TEST(Client, WaitsWhenAskedTo) {
  ServerOptions options;
  options.max_body_bytes = 4u << 20;
  RunningServer server(describe, options);
  Call call;
  call.method = "POST";
  call.url = url(server, "/w");
  call.body = std::string(3u << 20, 'b');
  const auto reply = call_and_wait(call);
  EXPECT_EQ(reply.error, "");
  EXPECT_EQ(reply.body.size(),
            std::string("POST /w type= auth= x= length=3145728 ").size() + call.body.size());
}

}  // namespace
}  // namespace headrace::http
