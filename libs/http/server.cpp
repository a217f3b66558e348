// SPDX-License-Identifier: Apache-2.0
// Listening: binds, accepts, and closes the connections that have outlived their deadlines.
#include "http/server.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/basic_waitable_timer.hpp>
#include <cerrno>
#include <stdexcept>

#include "http/address.hpp"
#include "http/connection.hpp"
#include "http/connection_limits.hpp"

namespace headrace::http {
namespace asio = boost::asio;
using boost::system::error_code;

namespace {

using Executor = asio::io_context::executor_type;
using Acceptor = asio::basic_socket_acceptor<asio::generic::stream_protocol, Executor>;
using Timer = asio::basic_waitable_timer<std::chrono::steady_clock,
                                         asio::wait_traits<std::chrono::steady_clock>, Executor>;

constexpr std::chrono::milliseconds kCheckDeadlines{500};
constexpr std::chrono::milliseconds kAcceptRetry{100};  // after running out of file descriptors

bool is_unix(const Endpoint& endpoint) { return endpoint.protocol().family() == AF_UNIX; }

std::string unix_path(const Endpoint& endpoint) { return address_text(endpoint).substr(5); }

// True when a socket file is there but nobody listens behind it: its process was killed.
bool is_stale(const Endpoint& endpoint) {
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return false;
  const bool refused =
      ::connect(fd, endpoint.data(), static_cast<socklen_t>(endpoint.size())) != 0 && errno == ECONNREFUSED;
  ::close(fd);
  return refused;
}

}  // namespace

class Server::Impl : public std::enable_shared_from_this<Server::Impl> {
 public:
  Impl(asio::io_context& io, Handler handler, ServerOptions options)
      : shared_(std::make_shared<Shared>(Shared{io, std::move(handler), options, {}, 0, false})),
        acceptor_(io.get_executor()),
        deadline_timer_(io.get_executor()),
        retry_timer_(io.get_executor()) {}

  void listen(const std::string& address) {
    const auto endpoint = parse_address(address);
    if (!endpoint) throw std::runtime_error("cannot listen: " + endpoint.error().text);
    error_code error;
    acceptor_.open(endpoint->protocol(), error);
    if (!error && !is_unix(*endpoint)) acceptor_.set_option(asio::socket_base::reuse_address(true), error);
    if (!error) acceptor_.bind(*endpoint, error);
    if (error == asio::error::address_in_use && is_unix(*endpoint) && is_stale(*endpoint)) {
      ::unlink(unix_path(*endpoint).c_str());
      acceptor_.bind(*endpoint, error);
    }
    if (!error && is_unix(*endpoint)) bound_path_ = unix_path(*endpoint);
    if (!error) acceptor_.listen(asio::socket_base::max_listen_connections, error);
    if (error) throw std::runtime_error("cannot listen on " + address + ": " + error.message());
    accept();
    check_deadlines();
  }

  void stop() {
    shared_->stopped = true;
    error_code ignored;
    acceptor_.close(ignored);
    deadline_timer_.cancel();
    retry_timer_.cancel();
    if (!bound_path_.empty()) ::unlink(bound_path_.c_str());
    // close() takes the connection out of the set, and may drop its last owner: held meanwhile.
    std::vector<std::shared_ptr<Connection>> open;
    for (auto* connection : shared_->connections) {
      if (auto held = connection->weak_from_this().lock()) open.push_back(std::move(held));
    }
    for (const auto& connection : open) connection->close();
  }

  std::string address() const { return address_text(acceptor_.local_endpoint()); }

 private:
  void accept() {
    acceptor_.async_accept(peer_, [self = shared_from_this()](error_code error, Socket socket) {
      if (self->shared_->stopped) return;
      // Without a descriptor left the kernel gives EMFILE until one is closed.
      if (error) return self->accept_later();
      const std::string remote = host_text(self->peer_);
      if (!make_room(*self->shared_, remote)) {
        error_code ignored;
        socket.close(ignored);
        return self->accept();
      }
      if (!is_unix(self->acceptor_.local_endpoint())) {
        const int on = 1;
        ::setsockopt(socket.native_handle(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
      }
      std::make_shared<Connection>(self->shared_, std::move(socket), remote)->start();
      self->peer_ = Endpoint();
      self->accept();
    });
  }

  void accept_later() {
    make_room_anywhere(*shared_);
    retry_timer_.expires_after(kAcceptRetry);
    retry_timer_.async_wait([self = shared_from_this()](error_code error) {
      if (!error && !self->shared_->stopped) self->accept();
    });
  }

  void check_deadlines() {
    deadline_timer_.expires_after(kCheckDeadlines);
    deadline_timer_.async_wait([self = shared_from_this()](error_code error) {
      if (error || self->shared_->stopped) return;
      std::vector<std::shared_ptr<Connection>> open;  // held, as in stop()
      for (auto* connection : self->shared_->connections) open.push_back(connection->shared_from_this());
      const auto now = Connection::Clock::now();
      for (const auto& connection : open) connection->check_deadline(now);
      self->check_deadlines();
    });
  }

  std::shared_ptr<Shared> shared_;  // with every connection; outlives the server as long as one of them lives
  Acceptor acceptor_;
  Timer deadline_timer_, retry_timer_;
  Endpoint peer_;
  std::string bound_path_;  ///< of a unix socket, removed at the end
};

Server::Server(asio::io_context& io, const std::string& address, Handler handler)
    : Server(io, address, std::move(handler), ServerOptions()) {}
Server::Server(asio::io_context& io, const std::string& address, Handler handler,
               const ServerOptions& options)
    : impl_(std::make_shared<Impl>(io, std::move(handler), options)) {
  impl_->listen(address);
}
Server::~Server() { impl_->stop(); }
std::string Server::address() const { return impl_->address(); }

}  // namespace headrace::http
