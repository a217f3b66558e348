// SPDX-License-Identifier: Apache-2.0
// Peers that mean no good, with a key and without, and an honest one that is served meanwhile.
#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <memory>

#include "bus/socket.hpp"

namespace headrace::bus {
namespace {

using namespace std::chrono_literals;

/// A TCP connection that does not know ZeroMQ.
class Raw {
 public:
  explicit Raw(const std::string& endpoint)
      : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)) {
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(static_cast<std::uint16_t>(std::stoi(endpoint.substr(endpoint.rfind(':') + 1))));
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    ::connect(fd_, reinterpret_cast<sockaddr*>(&to), sizeof to);
  }
  Raw(const Raw&) = delete;
  ~Raw() { ::close(fd_); }
  /// As much as the kernel takes.
  void send(std::string_view bytes) { ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT); }
  bool open() {
    char some[4096];
    ssize_t n = 0;
    while ((n = ::recv(fd_, some, sizeof some, MSG_DONTWAIT)) > 0) {
    }
    return n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
  }

 private:
  int fd_;
};

std::string greeting() {
  std::string out = "\xff" + std::string(8, '\0') + "\x7f\x03" + std::string(1, '\0') + "CURVE";
  return out + std::string(64 - out.size(), '\0');
}

class Peers : public testing::Test {
 protected:
  Peers() {
    context_.authenticate(io_, [](const std::string&, const std::string&, auto answer) { answer(true); });
    context_.answer_handshakes();
  }
  void serve(SocketType type, const PeerLimits& limits) {
    server_ = std::make_unique<Socket>(io_, context_, type);
    server_->secure_server(keys_, "worker");
    server_->bound_peers(limits, site_.public_key);
    if (type == SocketType::router)
      server_->on_message([this](Message m) { server_->send_to(m.peer, m.frames); });
    server_->bind("tcp://127.0.0.1:*");
  }
  std::unique_ptr<Socket> client(SocketType type, const KeyPair& keys, int& got) {
    auto out = std::make_unique<Socket>(io_, context_, type);
    out->secure_client(keys, keys_.public_key);
    out->on_message([&got](Message) { ++got; });
    out->connect(server_->last_endpoint());
    return out;
  }
  bool run_until(const std::function<bool()>& done, std::chrono::milliseconds limit = 5s) {
    const auto end = std::chrono::steady_clock::now() + limit;
    while (!done() && std::chrono::steady_clock::now() < end) {
      io_.run_one_for(10ms);
      io_.restart();
    }
    return done();
  }
  bool honest_is_served() {
    int got = 0;
    auto dealer = client(SocketType::dealer, new_key_pair(), got);
    dealer->send({"hello"});
    return run_until([&] { return got == 1; });
  }
  static long open(std::vector<std::unique_ptr<Raw>>& all) {
    return std::count_if(all.begin(), all.end(), [](auto& one) { return one->open(); });
  }

  boost::asio::io_context io_;
  Context context_;
  const KeyPair keys_ = new_key_pair(), site_ = new_key_pair();
  std::unique_ptr<Socket> server_;
};

constexpr PeerLimits kSmall{1 << 20, 10, 64 << 10, 3, 0, 1000, 1000};

TEST_F(Peers, WithoutAKeyAreBoundedInNumber) {
  serve(SocketType::router, kSmall);
  std::vector<std::unique_ptr<Raw>> idle;
  for (int i = 0; i < 100; ++i) {
    idle.push_back(std::make_unique<Raw>(server_->last_endpoint()));
    if (i % 20 == 0) {
      EXPECT_TRUE(honest_is_served());
    }
  }
  EXPECT_TRUE(run_until([&] { return open(idle) <= 10; })) << open(idle);
  EXPECT_TRUE(honest_is_served());
  EXPECT_GE(open(idle), 9);
}

TEST_F(Peers, WithoutAKeySendOnlyALittle) {
  serve(SocketType::router, kSmall);
  std::vector<std::unique_ptr<Raw>> loud;
  for (const std::size_t size : {60'000'000, 1'000'000}) {
    loud.push_back(std::make_unique<Raw>(server_->last_endpoint()));
    run_until([] { return false; }, 20ms);
    std::string header = "\x06";
    for (int shift = 56; shift >= 0; shift -= 8) header += static_cast<char>(size >> shift);
    loud.back()->send(greeting() + header + "\x05HELLO");
  }
  const std::string some(100'000, 'x');
  EXPECT_TRUE(run_until([&] {
    for (auto& one : loud) one->send(some);
    return open(loud) == 0;
  }));
  EXPECT_TRUE(honest_is_served());
}

TEST_F(Peers, WithAKeySendNoLargeFrame) {
  serve(SocketType::router, kSmall);
  int got = 0;
  auto dealer = client(SocketType::dealer, new_key_pair(), got);
  dealer->send({"hello", std::string(1'000'000, 'x')});
  EXPECT_TRUE(run_until([&] { return got == 1; }));
  dealer->send({"hello", std::string(2'000'000, 'x')});
  EXPECT_FALSE(run_until([&] { return got == 2; }, 500ms));
  EXPECT_TRUE(honest_is_served());
}

TEST_F(Peers, OfOneKeyAreBoundedInNumber) {
  serve(SocketType::router, kSmall);
  const auto greedy = new_key_pair();
  int got = 0, of_site = 0;
  std::vector<std::unique_ptr<Socket>> all;
  int broken = 0;
  for (int i = 0; i < 6; ++i) {
    all.push_back(std::make_unique<Socket>(io_, context_, SocketType::dealer));
    all.back()->secure_client(greedy, keys_.public_key);
    all.back()->on_message([&got](Message) { ++got; });
    all.back()->on_disconnected([&broken] { ++broken; });
    all.back()->connect(server_->last_endpoint());
    all.back()->send({"hello"});
    EXPECT_TRUE(run_until([&] { return got == i + 1; }));
  }
  EXPECT_TRUE(run_until([&] { return broken >= 3; })) << broken;
  for (int i = 0; i < 6; ++i) {
    all.push_back(client(SocketType::dealer, site_, of_site));
    all.back()->send({"hello"});
  }
  EXPECT_TRUE(run_until([&] { return of_site == 6; })) << of_site;
}

TEST_F(Peers, SubscribeToSoManyTopicsOnly) {
  PeerLimits limits = kSmall;
  limits.message_bytes = 1024;
  limits.subscriptions = 100;
  serve(SocketType::xpub, limits);
  int heard = 0;
  auto honest = client(SocketType::sub, new_key_pair(), heard);
  for (int i = 0; i < 90; ++i) honest->subscribe("topic." + std::to_string(i));
  int broken = 0;
  auto greedy = std::make_unique<Socket>(io_, context_, SocketType::sub);
  greedy->secure_client(new_key_pair(), keys_.public_key);
  greedy->on_disconnected([&broken] { ++broken; });
  greedy->connect(server_->last_endpoint());
  run_until([] { return false; }, 300ms);
  EXPECT_EQ(broken, 0);
  for (int i = 0; i < 110; ++i) greedy->subscribe("other." + std::to_string(i));
  EXPECT_TRUE(run_until([&] { return broken > 0; }));
  EXPECT_TRUE(run_until([&] {
    server_->send({"topic.89", "x"});
    return heard > 0;
  }));
}

TEST_F(Peers, SubscribeToNoLongTopic) {
  PeerLimits limits = kSmall;
  limits.message_bytes = 1024;
  serve(SocketType::xpub, limits);
  Socket greedy(io_, context_, SocketType::sub);
  int broken = 0;
  greedy.secure_client(new_key_pair(), keys_.public_key);
  greedy.on_disconnected([&broken] { ++broken; });
  greedy.connect(server_->last_endpoint());
  greedy.subscribe(std::string(4000, 'x'));
  EXPECT_TRUE(run_until([&] { return broken > 0; }));
}

}  // namespace
}  // namespace headrace::bus
