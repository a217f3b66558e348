// SPDX-License-Identifier: Apache-2.0
#include "http/mailer.hpp"

#include <atomic>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <mutex>
#include <set>

namespace headrace::http {

// What the loop and the threads share.
struct Mailer::UnderWay {
  std::atomic<bool> stopping{false};
  std::mutex mutex;
  std::set<std::shared_ptr<OpenSockets>> sockets;  // shared with the transfers, which close them

  void stop() {
    stopping = true;
    const std::lock_guard lock(mutex);
    for (const auto& open : sockets) open->shut_down();
  }
  void add(const std::shared_ptr<OpenSockets>& open) {
    const std::lock_guard lock(mutex);
    sockets.insert(open);
  }
  void remove(const std::shared_ptr<OpenSockets>& open) {
    const std::lock_guard lock(mutex);
    sockets.erase(open);
  }
};

Mailer::Mailer(boost::asio::io_context& io) : io_(io), under_way_(std::make_shared<UnderWay>()) {}

Mailer::~Mailer() {
  under_way_->stop();
  if (threads_) threads_->join();  // jobs that still wait in the queue see `stopping`
}

void Mailer::send(std::unique_ptr<Transfer> transfer, std::function<void(Reply)> done) {
  if (!threads_) threads_.emplace(kThreads);
  transfer->abort_when(under_way_->stopping);
  // Shared, because a std::function must be copyable; one thread has the transfer at a time.
  auto held = std::make_shared<std::unique_ptr<Transfer>>(std::move(transfer));
  boost::asio::post(*threads_, [&io = io_, under_way = under_way_, held, done = std::move(done),
                                work = boost::asio::make_work_guard(io_)]() mutable {
    if (under_way->stopping) return;
    const auto sockets = (*held)->sockets();
    under_way->add(sockets);
    auto reply = std::make_shared<Reply>((*held)->perform());  // shared: so that the closure can be copied
    // A server that did not answer will not answer QUIT either.
    if (!reply->error.empty()) sockets->shut_down();
    boost::asio::post(io, [under_way, reply, done = std::move(done)] {
      if (!under_way->stopping) done(std::move(*reply));
    });
    held->reset();  // says QUIT
    under_way->remove(sockets);
  });
}

}  // namespace headrace::http
