// SPDX-License-Identifier: Apache-2.0
// libcurl's multi interface on Asio: curl says for which sockets and until when it waits, and is called when
// a socket is ready or the time has come. Source: curl_multi_socket_action(3).
#include "http/client.hpp"

#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/posix/basic_stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <new>
#include <unordered_map>

#include "http/mailer.hpp"
#include "http/transfer.hpp"

namespace headrace::http {
namespace asio = boost::asio;
using boost::system::error_code;

namespace {

using Executor = asio::io_context::executor_type;
using Timer = asio::basic_waitable_timer<std::chrono::steady_clock,
                                         asio::wait_traits<std::chrono::steady_clock>, Executor>;
using Descriptor = asio::posix::basic_stream_descriptor<Executor>;
using Done = std::function<void(Reply)>;

// Drives all transfers of one client. Shared with its own callbacks: a callback may destroy the client while
// it runs, and a cancelled wait still calls back once.
class Loop : public std::enable_shared_from_this<Loop> {
 public:
  explicit Loop(asio::io_context& io) : io_(io), timer_(io.get_executor()), multi_(curl_multi_init()) {
    if (multi_ == nullptr) throw std::bad_alloc();
    curl_multi_setopt(multi_, CURLMOPT_SOCKETFUNCTION, &Loop::socket_wanted);
    curl_multi_setopt(multi_, CURLMOPT_SOCKETDATA, this);
    curl_multi_setopt(multi_, CURLMOPT_TIMERFUNCTION, &Loop::timer_wanted);
    curl_multi_setopt(multi_, CURLMOPT_TIMERDATA, this);
  }
  ~Loop() { stop(); }

  void add(std::unique_ptr<Transfer> transfer, Done done) {
    if (!transfer->refusal().empty()) {
      asio::post(io_,
                 [reply = transfer->finish(CURLE_OK), done = std::move(done), self = shared_from_this()] {
                   if (!self->stopped()) done(reply);
                 });
      return;
    }
    CURL* handle = transfer->handle();
    under_way_.emplace(handle, Entry{std::move(transfer), std::move(done)});
    curl_multi_add_handle(multi_, handle);  // asks for a timer at once, which starts it
  }

  void stop() {
    if (multi_ == nullptr) return;
    timer_.cancel();
    for (auto& [handle, entry] : under_way_) curl_multi_remove_handle(multi_, handle);
    CURLM* multi = std::exchange(multi_, nullptr);
    curl_multi_cleanup(multi);  // closes its sockets, which unwatches them
    under_way_.clear();
    watches_.clear();
  }
  bool stopped() const { return multi_ == nullptr; }

 private:
  struct Entry {
    std::unique_ptr<Transfer> transfer;
    Done done;
  };
  // A socket that belongs to curl. Curl closes the descriptor; here it is only released. A Watch is shared
  // with the waits on it, which may end after curl has given the socket up.
  struct Watch {
    Watch(asio::io_context& io, int fd) : descriptor(io.get_executor(), fd) {}
    ~Watch() { descriptor.release(); }
    Descriptor descriptor;
    int wanted = 0;  ///< CURL_POLL_IN, CURL_POLL_OUT
    bool read_pending = false, write_pending = false;
  };

  static int socket_wanted(CURL*, curl_socket_t fd, int what, void* loop, void*) {
    auto& self = *static_cast<Loop*>(loop);
    if (what == CURL_POLL_REMOVE) {
      self.watches_.erase(fd);
      return 0;
    }
    auto& watch = self.watches_[fd];
    if (!watch) watch = std::make_shared<Watch>(self.io_, fd);
    watch->wanted = what;
    self.wait(fd, watch);
    return 0;
  }

  static int timer_wanted(CURLM*, long timeout_ms, void* loop) {
    auto& self = *static_cast<Loop*>(loop);
    if (self.stopped()) return 0;
    if (timeout_ms < 0) {
      self.timer_.cancel();
      return 0;
    }
    self.timer_.expires_after(std::chrono::milliseconds(timeout_ms));
    self.timer_.async_wait([weak = self.weak_from_this()](error_code error) {
      const auto held = weak.lock();
      if (!error && held && !held->stopped()) held->act(CURL_SOCKET_TIMEOUT, 0);
    });
    return 0;
  }

  void wait(int fd, const std::shared_ptr<Watch>& watch) {
    if ((watch->wanted & CURL_POLL_IN) && !watch->read_pending) {
      watch->read_pending = true;
      watch->descriptor.async_wait(Descriptor::wait_read,
                                   ready(fd, watch, &Watch::read_pending, CURL_CSELECT_IN));
    }
    if ((watch->wanted & CURL_POLL_OUT) && !watch->write_pending) {
      watch->write_pending = true;
      watch->descriptor.async_wait(Descriptor::wait_write,
                                   ready(fd, watch, &Watch::write_pending, CURL_CSELECT_OUT));
    }
  }

  // What happens when `fd` is ready: curl is told, and the wait begins anew if curl still wants it.
  std::function<void(error_code)> ready(int fd, const std::weak_ptr<Watch>& watch, bool Watch::*pending,
                                        int event) {
    return [weak = weak_from_this(), watch, fd, pending, event](error_code error) {
      const auto self = weak.lock();
      const auto held = watch.lock();
      if (!self || self->stopped() || !held) return;
      (*held).*pending = false;
      // The number may belong to a new socket by now.
      if (error || !self->is_watched(fd, held)) return;
      const int wanted_bit = event == CURL_CSELECT_IN ? CURL_POLL_IN : CURL_POLL_OUT;
      if (held->wanted & wanted_bit) self->act(fd, event);
      if (!self->stopped() && self->is_watched(fd, held)) self->wait(fd, held);
    };
  }

  bool is_watched(int fd, const std::shared_ptr<Watch>& watch) const {
    const auto it = watches_.find(fd);
    return it != watches_.end() && it->second == watch;
  }

  void act(curl_socket_t fd, int events) {
    int running = 0;
    curl_multi_socket_action(multi_, fd, events, &running);
    const auto self = shared_from_this();
    // All finished transfers are taken out of curl before the callbacks run, because a callback may send
    // again or destroy the client.
    std::vector<std::pair<Done, Reply>> finished;
    int left = 0;
    while (const CURLMsg* message = curl_multi_info_read(multi_, &left)) {
      if (message->msg != CURLMSG_DONE) continue;
      CURL* handle = message->easy_handle;
      const CURLcode code = message->data.result;
      curl_multi_remove_handle(multi_, handle);
      auto node = under_way_.extract(handle);
      finished.emplace_back(std::move(node.mapped().done), node.mapped().transfer->finish(code));
    }
    for (auto& [done, reply] : finished) {
      if (!stopped()) done(std::move(reply));
    }
  }

  asio::io_context& io_;
  Timer timer_;
  CURLM* multi_;
  std::unordered_map<CURL*, Entry> under_way_;
  std::unordered_map<int, std::shared_ptr<Watch>> watches_;
};

}  // namespace

class Client::Impl {
 public:
  explicit Impl(asio::io_context& io) : loop(std::make_shared<Loop>(io)), mailer(io) {}
  ~Impl() { loop->stop(); }
  std::shared_ptr<Loop> loop;
  Mailer mailer;
};

Client::Client(asio::io_context& io) : impl_(std::make_unique<Impl>(io)) {}
Client::~Client() = default;
void Client::send(Call call, std::function<void(Reply)> done) {
  impl_->loop->add(std::make_unique<Transfer>(std::move(call)), std::move(done));
}
void Client::send(Mail mail, std::function<void(Reply)> done) {
  impl_->mailer.send(std::make_unique<Transfer>(std::move(mail)), std::move(done));
}

Reply call_and_wait(const Call& call) { return Transfer(call).perform(); }

}  // namespace headrace::http
