// SPDX-License-Identifier: Apache-2.0
// For tests: a server on a thread of its own, and a client that sends bytes as they are.
#pragma once

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <chrono>
#include <future>
#include <string>
#include <thread>

#include "http/server.hpp"
#include "http/server_options.hpp"

namespace headrace::http {

using namespace std::chrono_literals;

/// A server whose loop runs on its own thread until the end of the test.
struct RunningServer {
  explicit RunningServer(Handler handler, ServerOptions options = {},
                         const std::string& where = "127.0.0.1:0")
      : server(std::make_unique<Server>(io, where, std::move(handler), options)),
        address(server->address()),
        thread([this] { io.run(); }) {}
  ~RunningServer() {
    boost::asio::post(io, [this] {
      server.reset();
      io.stop();
    });
    thread.join();
  }
  int port() const { return std::stoi(address.substr(address.rfind(':') + 1)); }

  boost::asio::io_context io{1};
  std::unique_ptr<Server> server;
  std::string address;
  std::thread thread;
};

/// A blocking TCP client. Reads give up after ten seconds: then the test fails instead of hanging.
class RawClient {
 public:
  explicit RawClient(int port, int receive_buffer = 0)
      : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    if (receive_buffer > 0) ::setsockopt(fd_, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
    const timeval limit{10, 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    ::setsockopt(fd_, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(static_cast<std::uint16_t>(port));
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(::connect(fd_, reinterpret_cast<sockaddr*>(&to), sizeof to), 0);
  }
  ~RawClient() { close(); }
  RawClient(const RawClient&) = delete;

  void close() {
    if (fd_ >= 0) ::close(fd_);
    fd_ = -1;
  }
  /// @return false when the peer did not take all of it
  bool send(std::string_view bytes) {
    while (!bytes.empty()) {
      const auto n = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (n <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(n));
    }
    return true;
  }
  /// Everything up to the end of the connection.
  std::string read_all() {
    while (fill()) {
    }
    return std::exchange(buffer_, {});
  }
  /// Everything up to and with `mark`.
  std::string read_until(std::string_view mark) {
    while (buffer_.find(mark) == std::string::npos) {
      if (!fill()) return std::exchange(buffer_, {}) + "<end>";
    }
    return take(buffer_.find(mark) + mark.size());
  }
  std::string read_exactly(std::size_t size) {
    while (buffer_.size() < size && fill()) {
    }
    return take(std::min(size, buffer_.size()));
  }
  /// One answer with a Content-Length: its head and body.
  std::pair<std::string, std::string> read_answer() {
    const std::string head = read_until("\r\n\r\n");
    const auto at = head.find("Content-Length: ");
    if (at == std::string::npos) return {head, ""};
    return {head, read_exactly(std::stoul(head.substr(at + 16)))};
  }

 private:
  bool fill() {
    char bytes[65536];
    const auto n = ::recv(fd_, bytes, sizeof bytes, 0);
    if (n <= 0) return false;
    buffer_.append(bytes, static_cast<std::size_t>(n));
    return true;
  }
  std::string take(std::size_t size) {
    std::string out = buffer_.substr(0, size);
    buffer_.erase(0, size);
    return out;
  }

  int fd_;
  std::string buffer_;
};

/// Answers with what was asked: "POST /path?k=v <body bytes>".
inline void echo(Request request, ResponderPtr responder) {
  Response response;
  response.body = request.method + " " + request.target + " " + request.body;
  responder->send(std::move(response));
}

}  // namespace headrace::http
