// SPDX-License-Identifier: Apache-2.0
#include "bus/socket.hpp"

#include <atomic>
#include <boost/asio/steady_timer.hpp>
#include <cstdlib>
#include <cstring>
#include <random>
#include <stdexcept>
#include <zmq.hpp>

#include "bus/watch.hpp"
#include "limits/limits.hpp"

#ifdef __SANITIZE_THREAD__
// libzmq, and libsodium below it, are not built for the sanitizer, so what its threads hand over by atomics
// looks like a race.
extern "C" const char* __tsan_default_suppressions() {
  return "called_from_lib:libzmq.so.5\ncalled_from_lib:libsodium.so.23\nrace:zmq::\nrace:user_of\n";
}
#endif

namespace headrace::bus {
namespace {

namespace asio = boost::asio;

constexpr int kHighWater = 200'000;  // messages per peer; what exceeds it is repeated by its sender
constexpr std::int64_t kMaxMessage = 64 << 20;  // bytes of one frame that a peer may send
constexpr std::chrono::milliseconds kLook{50};  // between two looks at connections that nobody has heard
constexpr int kRun = 256;                       // messages handled before other work gets its turn

zmq::socket_type native(SocketType type) {
  switch (type) {
    case SocketType::dealer:
      return zmq::socket_type::dealer;
    case SocketType::router:
      return zmq::socket_type::router;
    case SocketType::pub:
      return zmq::socket_type::pub;
    case SocketType::sub:
      return zmq::socket_type::sub;
    case SocketType::xpub:
      return zmq::socket_type::xpub;
    case SocketType::xsub:
      return zmq::socket_type::xsub;
  }
  throw std::logic_error("unknown socket type");
}

// zmq_msg_gets and not message_t::gets: that one throws when there is no such name, which is the ordinary
// case on a unix socket of the same host (no ZAP there, nobody to name), for every message.
std::string user_of(zmq::message_t& part) {
  const char* name = zmq_msg_gets(part.handle(), "User-Id");
  return name ? name : "";
}

// The descriptor of the connection that a message came from; -1 where libzmq does not say it.
int connection_of(zmq::message_t& part) { return zmq_msg_get(part.handle(), ZMQ_SRCFD); }

// One multipart message, or nothing when none waits.
// @param first_part  called with the first part of the message itself
template <class FirstPart>
std::optional<Message> receive(zmq::socket_t& socket, bool with_peer, FirstPart first_part) {
  Message out;
  bool first = true;
  while (true) {
    zmq::message_t part;
    if (!socket.recv(part, zmq::recv_flags::dontwait)) return std::nullopt;
    if (first && with_peer) {
      out.peer = part.to_string();
    } else {
      // Who sent it stands with its own parts. The routing id before them has it only sometimes: not when
      // libzmq (4.3.4) fetched the message ahead to tell that there is one.
      if (out.frames.empty()) {
        out.user = user_of(part);
        first_part(part, out.user);
      }
      out.frames.push_back(part.to_string());
    }
    first = false;
    if (!part.more()) return out;
  }
}

std::optional<Message> receive(zmq::socket_t& socket, bool with_peer) {
  return receive(socket, with_peer, [](zmq::message_t&, const std::string&) {});
}

bool transmit(zmq::socket_t& socket, const std::string* peer, const Frames& frames) {
  try {
    if (peer && !socket.send(zmq::buffer(*peer), zmq::send_flags::dontwait | zmq::send_flags::sndmore))
      return false;
    for (std::size_t i = 0; i < frames.size(); ++i) {
      auto flags = zmq::send_flags::dontwait;
      if (i + 1 < frames.size()) flags = flags | zmq::send_flags::sndmore;
      if (!socket.send(zmq::buffer(frames[i]), flags)) return false;
    }
    return true;
  } catch (const zmq::error_t& e) {
    if (e.num() == EHOSTUNREACH || e.num() == EAGAIN) return false;
    throw;
  }
}

}  // namespace

KeyPair new_key_pair() {
  char pub[41], sec[41];
  if (zmq_curve_keypair(pub, sec) != 0) throw std::runtime_error("libzmq was built without CURVE");
  return {pub, sec};
}

struct Context::Impl : std::enable_shared_from_this<Context::Impl> {
  zmq::context_t context{1};
  std::unique_ptr<zmq::socket_t> zap;
  std::shared_ptr<Watch> watch;
  Authenticator authenticator;
  bool answering = false;
  bool asked = false;  // one handshake is being thought about

  bool answer_handshakes() {
    for (int i = 0; i < kRun; ++i) {
      if (asked) return false;
      auto request = receive(*zap, false);
      if (!request) return false;
      // Frames of ZAP 1.0 (rfc.zeromq.org/27): version, request id, domain, address, identity,
      // mechanism, credentials (for CURVE the 32 bytes of the client's key).
      const auto& f = request->frames;
      const std::string id = f.size() > 1 ? f[1] : "";
      asked = true;
      if (f.size() != 7 || f[5] != "CURVE" || f[6].size() != 32) {
        answer(id, "", false);
        continue;
      }
      char key[41];
      zmq_z85_encode(key, reinterpret_cast<const std::uint8_t*>(f[6].data()), 32);
      authenticator(f[2], key, [weak = weak_from_this(), id, k = std::string(key)](bool allowed) {
        if (const auto self = weak.lock()) self->answer(id, k, allowed);
      });
    }
    return true;
  }
  // 300 when refused, not 400: a peer that is told 400 never tries again, and its key may be allowed later.
  void answer(const std::string& id, const std::string& key, bool allowed) {
    asked = false;
    transmit(
        *zap, nullptr,
        {"1.0", id, allowed ? "200" : "300", allowed ? "OK" : "key not allowed", allowed ? key : "", ""});
    watch->look();
  }
};

Context::Context() : impl_(std::make_shared<Impl>()) {
  // libzmq (4.3.4) never seeds rand() for routing ids. A peer that takes the next one first ends the process.
  [[maybe_unused]] static const bool seeded = (std::srand(std::random_device()()), true);
}
Context::~Context() {
  if (impl_->watch) impl_->watch->stop();
}

void Context::authenticate(asio::io_context& io, Authenticator authenticator) {
  impl_->authenticator = std::move(authenticator);
  impl_->zap = std::make_unique<zmq::socket_t>(impl_->context, zmq::socket_type::rep);
  impl_->zap->set(zmq::sockopt::linger, 0);
  impl_->zap->bind("inproc://zeromq.zap.01");
  impl_->watch = std::make_shared<Watch>(io, *impl_->zap);
}

void Context::answer_handshakes() {
  if (std::exchange(impl_->answering, true)) return;
  impl_->watch->start([impl = impl_.get()] { return impl->answer_handshakes(); });
}

struct Socket::Impl {
  Impl(asio::io_context& loop, zmq::context_t& c, SocketType t)
      : io(loop),
        context(c),
        type(t),
        socket(context, native(t)),
        watch(std::make_shared<Watch>(io, socket)),
        look_timer(io) {}

  asio::io_context& io;
  zmq::context_t& context;
  SocketType type;
  zmq::socket_t socket;
  std::shared_ptr<Watch> watch;
  bool started = false;
  std::function<void(Message)> on_message;
  std::function<void()> on_drained;
  std::unique_ptr<zmq::socket_t> monitor;  // tells when connections break
  std::shared_ptr<Watch> monitor_watch;
  std::unique_ptr<PeerConnections> peers;  // of bound_peers
  asio::steady_timer look_timer;
  bool looking = false;
  bool dead = false;

  static void watch_monitor(const std::shared_ptr<Impl>& self, int events,
                            std::function<void(int event, int value)> told);
  void on_connection(int event, int fd);
  void look_at_peers();
  std::optional<Message> next_message() {
    return receive(socket, type == SocketType::router, [this](zmq::message_t& part, const std::string& user) {
      if (!peers) return;
      if (peers->any_unheard()) peers->heard(connection_of(part), user);
      if (type == SocketType::xpub && !part.empty())
        peers->subscribed(connection_of(part), *part.data<char>() != 0);
    });
  }

  void start(const std::shared_ptr<Impl>& self) {
    if (started) return;
    started = true;
    watch->start([weak = std::weak_ptr<Impl>(self)] {
      auto impl = weak.lock();
      return impl && impl->drain();
    });
  }

  bool drain() {
    if (type == SocketType::pub) {
      // It cannot receive; asking for its events is what lets it take in subscriptions.
      static_cast<void>(socket.get(zmq::sockopt::events));
      return false;
    }
    bool any = false;
    bool more = true;
    for (int i = 0; i < kRun && !dead; ++i) {
      auto message = next_message();
      if (!message) {
        more = false;
        break;
      }
      any = true;
      if (on_message) on_message(std::move(*message));
    }
    if (any && !dead && on_drained) on_drained();
    return more && !dead;
  }
};

Socket::Socket(asio::io_context& io, Context& context, SocketType type)
    : impl_(std::make_shared<Impl>(io, context.impl_->context, type)) {
  auto& s = impl_->socket;
  s.set(zmq::sockopt::linger, 0);
  s.set(zmq::sockopt::sndhwm, kHighWater);
  s.set(zmq::sockopt::rcvhwm, kHighWater);
  s.set(zmq::sockopt::maxmsgsize, kMaxMessage);
  s.set(zmq::sockopt::handshake_ivl, 10'000);
  s.set(zmq::sockopt::heartbeat_ivl, 5'000);
  s.set(zmq::sockopt::heartbeat_timeout, 20'000);
  s.set(zmq::sockopt::reconnect_ivl, 50);
  s.set(zmq::sockopt::reconnect_ivl_max, 2'000);
  // No hand-over: a routing id stays with the connection that has it, whoever else asks for it.
  if (type == SocketType::router) s.set(zmq::sockopt::router_mandatory, 1);
}

Socket::~Socket() {
  impl_->dead = true;
  impl_->watch->stop();
  impl_->look_timer.cancel();
  if (impl_->monitor) {
    zmq_socket_monitor(impl_->socket.handle(), nullptr, 0);
    impl_->monitor_watch->stop();
  }
  impl_->on_message = nullptr;
  impl_->on_drained = nullptr;
}

void Socket::secure_server(const KeyPair& own, const std::string& domain) {
  impl_->socket.set(zmq::sockopt::zap_domain, domain);
  impl_->socket.set(zmq::sockopt::curve_server, 1);
  impl_->socket.set(zmq::sockopt::curve_secretkey, own.secret_key);
}

void Socket::secure_client(const KeyPair& own, const std::string& server_public_key) {
  impl_->socket.set(zmq::sockopt::curve_serverkey, server_public_key);
  impl_->socket.set(zmq::sockopt::curve_publickey, own.public_key);
  impl_->socket.set(zmq::sockopt::curve_secretkey, own.secret_key);
}

void Socket::bind(const std::string& endpoint) {
  try {
    impl_->socket.bind(endpoint);
  } catch (const zmq::error_t& e) {
    throw std::runtime_error("cannot bind " + endpoint + ": " + e.what());
  }
  impl_->start(impl_);
}

void Socket::connect(const std::string& endpoint) {
  try {
    impl_->socket.connect(endpoint);
  } catch (const zmq::error_t& e) {
    throw std::runtime_error("cannot connect to " + endpoint + ": " + e.what());
  }
  impl_->start(impl_);
}

std::string Socket::last_endpoint() const { return impl_->socket.get(zmq::sockopt::last_endpoint); }
void Socket::subscribe(const std::string& topic_prefix) {
  impl_->socket.set(zmq::sockopt::subscribe, topic_prefix);
}
void Socket::gather(std::chrono::milliseconds time) { impl_->watch->gather(time); }
void Socket::on_message(std::function<void(Message)> callback) { impl_->on_message = std::move(callback); }
void Socket::on_drained(std::function<void()> callback) { impl_->on_drained = std::move(callback); }

// The frames of a monitor's message: the number of the event and a value, 2 and 4 bytes; the endpoint.
void Socket::Impl::watch_monitor(const std::shared_ptr<Impl>& self, int events,
                                 std::function<void(int event, int value)> told) {
  static std::atomic<unsigned> count{0};
  const std::string address = "inproc://monitor." + std::to_string(++count);
  if (zmq_socket_monitor(self->socket.handle(), address.c_str(), events) != 0)
    throw std::runtime_error(std::string("cannot watch the connections of a socket: ") +
                             zmq_strerror(zmq_errno()));
  self->monitor = std::make_unique<zmq::socket_t>(self->context, zmq::socket_type::pair);
  self->monitor->set(zmq::sockopt::linger, 0);
  self->monitor->set(zmq::sockopt::rcvhwm, 0);
  self->monitor->connect(address);
  self->monitor_watch = std::make_shared<Watch>(self->io, *self->monitor);
  self->monitor_watch->start([weak = std::weak_ptr<Impl>(self), told = std::move(told)] {
    const auto impl = weak.lock();
    for (int i = 0; impl && !impl->dead && i < kRun; ++i) {
      const auto message = receive(*impl->monitor, false);
      if (!message) return false;
      if (message->frames[0].size() < 6) continue;
      std::uint16_t event = 0;
      std::int32_t value = 0;
      std::memcpy(&event, message->frames[0].data(), sizeof event);
      std::memcpy(&value, message->frames[0].data() + sizeof event, sizeof value);
      told(event, value);
    }
    return impl && !impl->dead;
  });
}

void Socket::on_disconnected(std::function<void()> callback) {
  Impl::watch_monitor(impl_, ZMQ_EVENT_DISCONNECTED,
                      [callback = std::move(callback)](int, int) { callback(); });
}

void Socket::bound_peers(const PeerLimits& limits, const std::string& own_key) {
  auto& s = impl_->socket;
  s.set(zmq::sockopt::maxmsgsize, static_cast<std::int64_t>(limits.message_bytes));
  s.set(zmq::sockopt::sndhwm, limits.queued_out);
  s.set(zmq::sockopt::rcvhwm, limits.queued_in);
  // A peer that takes nothing for so long is cut off by the kernel, and its queue goes.
  s.set(zmq::sockopt::tcp_maxrt, static_cast<int>(std::chrono::milliseconds(limits::kUnreadTime).count()));
  // Every subscription is told, also one that another peer has as well.
  if (impl_->type == SocketType::xpub) s.set(zmq::sockopt::xpub_verboser, 1);
  impl_->peers = std::make_unique<PeerConnections>(limits, own_key);
  Impl::watch_monitor(impl_, ZMQ_EVENT_ACCEPTED | ZMQ_EVENT_ACCEPT_FAILED | ZMQ_EVENT_DISCONNECTED,
                      [impl = impl_.get()](int event, int fd) { impl->on_connection(event, fd); });
}

void Socket::Impl::on_connection(int event, int fd) {
  if (event == ZMQ_EVENT_ACCEPTED) peers->accepted(fd);
  if (event == ZMQ_EVENT_ACCEPT_FAILED) peers->accept_failed();
  if (event == ZMQ_EVENT_DISCONNECTED) peers->disconnected(fd);
  if (peers->any_unheard() && !looking) look_at_peers();
}

void Socket::Impl::look_at_peers() {
  looking = true;
  look_timer.expires_after(kLook);
  look_timer.async_wait([this](const boost::system::error_code& e) {
    if (e) return;  // this is gone
    looking = false;
    peers->look();
    if (peers->any_unheard()) look_at_peers();
  });
}

bool Socket::send(const Frames& frames) {
  const bool sent = transmit(impl_->socket, nullptr, frames);
  impl_->watch->look();
  return sent;
}

bool Socket::send_to(const std::string& peer, const Frames& frames) {
  const bool sent = transmit(impl_->socket, &peer, frames);
  impl_->watch->look();
  return sent;
}

void forward(Socket& xsub, Socket& xpub, std::function<void(const Frames&)> seen, std::size_t max_bytes) {
  // Publishers are always asked for everything and the filtering is left to XPUB: subscriptions are
  // messages too, and forwarding them upstream is where they get lost on reconnects.
  xsub.send({std::string(1, '\x01')});
  xsub.on_message([&xpub, seen = std::move(seen), max_bytes](Message m) {
    std::size_t bytes = 0;
    for (const auto& frame : m.frames) bytes += frame.size();
    if (bytes <= max_bytes) xpub.send(m.frames);
    if (seen) seen(m.frames);
  });
  xpub.on_message([](Message) {});
}

}  // namespace headrace::bus
