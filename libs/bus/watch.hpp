// SPDX-License-Identifier: Apache-2.0
// When a ZeroMQ socket has something to receive, as seen from the service's loop.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <utility>
#include <zmq.hpp>

namespace headrace::bus {

namespace asio = boost::asio;

// Watches a ZeroMQ socket through its descriptor. That descriptor is edge-triggered and says only
// "look at the events": after every look, send or receive the events have to be read again.
class Watch : public std::enable_shared_from_this<Watch> {
 public:
  Watch(asio::io_context& io, zmq::socket_t& socket)
      : io_(io), socket_(&socket), descriptor_(io.get_executor(), socket.get(zmq::sockopt::fd)), timer_(io) {}

  void gather(std::chrono::milliseconds time) { gather_ = time; }

  void start(std::function<bool()> drain) {
    drain_ = std::move(drain);
    wait();
    look();
  }
  void stop() {
    socket_ = nullptr;
    drain_ = nullptr;
    timer_.cancel();
    descriptor_.release();  // the descriptor is ZeroMQ's to close
  }
  // To be called after every send: it may have eaten the edge of an arrival. Asking costs system calls, so
  // that many sends in a row are followed by one look.
  void look() {
    if (!socket_ || posted_ || looking_) return;
    looking_ = true;
    asio::post(io_, [self = shared_from_this()] {
      self->looking_ = false;
      if (self->socket_ && !self->posted_ && (self->socket_->get(zmq::sockopt::events) & ZMQ_POLLIN))
        self->run();
    });
  }

 private:
  using Descriptor = asio::posix::basic_stream_descriptor<asio::io_context::executor_type>;

  void wait() {
    descriptor_.async_wait(Descriptor::wait_read,
                           [self = shared_from_this()](const boost::system::error_code& e) {
                             if (e || !self->socket_) return;
                             if (self->gather_.count() > 0) return self->run_later();
                             self->run();
                             if (self->socket_) self->wait();
                           });
  }
  void run_later() {
    timer_.expires_after(gather_);
    timer_.async_wait([self = shared_from_this()](const boost::system::error_code& e) {
      if (e || !self->socket_) return;
      self->run();
      if (self->socket_) self->wait();
    });
  }
  void post() {
    posted_ = true;
    asio::post(io_, [self = shared_from_this()] {
      self->posted_ = false;
      self->run();
    });
  }
  void run() {
    if (!socket_) return;
    const auto drain = drain_;  // the callback may stop this watch
    const bool more = drain();
    if (more && socket_ && !posted_) post();
  }

  asio::io_context& io_;
  zmq::socket_t* socket_;
  Descriptor descriptor_;
  asio::steady_timer timer_;
  std::chrono::milliseconds gather_{0};
  std::function<bool()> drain_;
  bool posted_ = false;   // a run is on its way
  bool looking_ = false;  // a look is
};

}  // namespace headrace::bus
