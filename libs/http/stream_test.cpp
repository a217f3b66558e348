// SPDX-License-Identifier: Apache-2.0
// Answers without an end: chunks, back-pressure, and peers that leave.
#include "http/testing/peers.hpp"

namespace headrace::http {
namespace {

// A handler that opens a stream on every request and hands it to the test.
struct Opened {
  std::promise<StreamPtr> promise;
  Handler handler() {
    return [this](Request request, ResponderPtr responder) {
      if (request.path == "/plain") return echo(request, responder);
      promise.set_value(responder->stream(Response{200, "text/event-stream", "", {{"X-Kind", "open"}}}));
    };
  }
  StreamPtr get() { return promise.get_future().get(); }
};

// Runs `f` on the server's loop and gives its result.
template <class F>
auto on_loop(RunningServer& server, F f) {
  std::packaged_task<decltype(f())()> task(std::move(f));
  auto result = task.get_future();
  boost::asio::post(server.io, [&task] { task(); });
  return result.get();
}

TEST(Stream, SendsChunksAndGoesOnWithTheNextRequest) {
  Opened opened;
  RunningServer server(opened.handler());
  RawClient client(server.port());
  ASSERT_TRUE(client.send("GET /s HTTP/1.1\r\nHost: h\r\n\r\n"));
  auto stream = opened.get();
  const auto head = client.read_until("\r\n\r\n");
  EXPECT_NE(head.find("Transfer-Encoding: chunked\r\n"), std::string::npos);
  EXPECT_NE(head.find("X-Kind: open\r\n"), std::string::npos);
  on_loop(server, [&] { return stream->write("hello"); });
  EXPECT_EQ(client.read_until("hello\r\n"), "5\r\nhello\r\n");
  ASSERT_TRUE(client.send("GET /plain HTTP/1.1\r\nHost: h\r\n\r\n"));  // ahead of the stream's end
  on_loop(server, [&] {
    stream->write("");  // nothing, and above all not the end
    stream->write(std::string(16, 'x'));
    stream->finish();
    EXPECT_TRUE(stream->closed());
    EXPECT_EQ(stream->write("too late"), 0u);
    stream.reset();
    return 0;
  });
  EXPECT_EQ(client.read_until("0\r\n\r\n"), "10\r\nxxxxxxxxxxxxxxxx\r\n0\r\n\r\n");
  EXPECT_EQ(client.read_answer().second, "GET /plain ");
}

TEST(Stream, EndsWithTheConnectionForAnOldClient) {
  Opened opened;
  RunningServer server(opened.handler());
  RawClient client(server.port());
  ASSERT_TRUE(client.send("GET /s HTTP/1.0\r\n\r\n"));
  auto stream = opened.get();
  on_loop(server, [&] {
    stream->write("hello");
    stream->finish();
    stream.reset();
    return 0;
  });
  const auto answer = client.read_all();
  EXPECT_EQ(answer.find("chunked"), std::string::npos);
  EXPECT_EQ(answer.substr(answer.find("\r\n\r\n") + 4), "hello");
}

TEST(Stream, TellsThatThePeerHasGone) {
  Opened opened;
  RunningServer server(opened.handler());
  std::promise<void> gone;
  {
    RawClient client(server.port());
    ASSERT_TRUE(client.send("GET /s HTTP/1.1\r\nHost: h\r\n\r\n"));
    auto stream = opened.get();
    on_loop(server, [&] {
      stream->on_closed([&gone, stream] {  // may hold the stream: released once called
        EXPECT_TRUE(stream->closed());
        EXPECT_EQ(stream->write("x"), 0u);
        gone.set_value();
      });
      return 0;
    });
    client.read_until("\r\n\r\n");
  }
  ASSERT_EQ(gone.get_future().wait_for(10s), std::future_status::ready);
}

TEST(Stream, TellsAlsoWhoAsksLate) {
  Opened opened;
  RunningServer server(opened.handler());
  RawClient client(server.port());
  ASSERT_TRUE(client.send("HEAD /s HTTP/1.1\r\nHost: h\r\n\r\n"));  // needs no body: over at once
  auto stream = opened.get();
  std::promise<void> gone;
  on_loop(server, [&] {
    EXPECT_TRUE(stream->closed());
    stream->on_closed([&gone] { gone.set_value(); });
    return 0;
  });
  ASSERT_EQ(gone.get_future().wait_for(10s), std::future_status::ready);
  client.read_until("\r\n\r\n");
  ASSERT_TRUE(client.send("GET /plain HTTP/1.1\r\nHost: h\r\n\r\n"));
  EXPECT_EQ(client.read_answer().second, "GET /plain ");
}

TEST(Stream, CutsTheBodyOffWhenItsOwnerDropsIt) {
  Opened opened;
  RunningServer server(opened.handler());
  RawClient client(server.port());
  ASSERT_TRUE(client.send("GET /s HTTP/1.1\r\nHost: h\r\n\r\n"));
  auto stream = opened.get();
  on_loop(server, [&] {
    stream->write("partial");
    stream.reset();
    return 0;
  });
  const auto answer = client.read_all();
  EXPECT_NE(answer.find("7\r\npartial\r\n"), std::string::npos);
  EXPECT_EQ(answer.find("0\r\n\r\n"), std::string::npos);
}

TEST(Stream, CountsWhatASlowPeerHasNotTaken) {
  Opened opened;
  RunningServer server(opened.handler());
  RawClient client(server.port(), 16 << 10);
  ASSERT_TRUE(client.send("GET /s HTTP/1.1\r\nHost: h\r\n\r\n"));
  auto stream = opened.get();
  // Far more than kernel buffers take, while the client reads nothing.
  std::size_t waiting = 0;
  for (int i = 0; i < 256; ++i)
    waiting = on_loop(server, [&] { return stream->write(std::string(64 << 10, 'x')); });
  EXPECT_GT(waiting, 4u << 20);
  EXPECT_LE(waiting, (16u << 20) + 256 * 16);
  std::promise<void> drained;
  on_loop(server, [&] {
    stream->on_drained([&drained, &stream] {
      stream->finish();
      drained.set_value();
    });
    return 0;
  });
  std::size_t body = 0;
  client.read_until("\r\n\r\n");
  for (int i = 0; i < 256; ++i) {
    EXPECT_EQ(client.read_until("\r\n"), "10000\r\n");
    body += client.read_exactly((64 << 10) + 2).size() - 2;
  }
  EXPECT_EQ(body, 16u << 20);
  ASSERT_EQ(drained.get_future().wait_for(10s), std::future_status::ready);
  EXPECT_EQ(client.read_until("0\r\n\r\n"), "0\r\n\r\n");
  on_loop(server, [&] { return stream.reset(), 0; });
}

TEST(Stream, GivesUpAPeerThatTakesNothing) {
  Opened opened;
  ServerOptions options;
  options.idle_time = options.header_time = 1s;
  RunningServer server(opened.handler(), options);
  RawClient client(server.port(), 16 << 10);
  ASSERT_TRUE(client.send("GET /s HTTP/1.1\r\nHost: h\r\n\r\n"));
  auto stream = opened.get();
  std::promise<void> gone;
  on_loop(server, [&] {
    stream->on_closed([&gone] { gone.set_value(); });
    stream->write(std::string(32 << 20, 'x'));
    return 0;
  });
  ASSERT_EQ(gone.get_future().wait_for(10s), std::future_status::ready);
  on_loop(server, [&] { return stream.reset(), 0; });
}

TEST(Stream, WaitsAsLongAsThereIsNothingToSay) {
  Opened opened;
  ServerOptions options;
  options.idle_time = options.header_time = 1s;
  RunningServer server(opened.handler(), options);
  RawClient quiet(server.port()), other(server.port());
  ASSERT_TRUE(quiet.send("GET /s HTTP/1.1\r\nHost: h\r\n\r\n"));
  auto stream = opened.get();
  quiet.read_until("\r\n\r\n");
  // The sweep that ends an idle connection leaves the quiet stream open.
  EXPECT_EQ(other.read_all(), "");
  on_loop(server, [&] { return stream->write("still here"); });
  EXPECT_EQ(quiet.read_until("here\r\n"), "a\r\nstill here\r\n");
  on_loop(server, [&] { return stream.reset(), 0; });
}

TEST(Stream, OutlivesItsServerWithoutHarm) {
  StreamPtr stream;
  boost::asio::io_context io;
  auto server = std::make_unique<Server>(io, "127.0.0.1:0", [&](Request, ResponderPtr responder) {
    stream = responder->stream(Response{});
    stream->on_closed([] { FAIL() << "called after the server's end"; });
  });
  const auto address = server->address();
  RawClient client(std::stoi(address.substr(address.rfind(':') + 1)));
  ASSERT_TRUE(client.send("GET /s HTTP/1.1\r\nHost: h\r\n\r\n"));
  while (!stream) io.run_one_for(10s);
  server.reset();
  io.run();
  EXPECT_TRUE(stream->closed());
  stream->write("x");
  stream.reset();
}

}  // namespace
}  // namespace headrace::http
