// SPDX-License-Identifier: Apache-2.0
#include "web/logs/pool.hpp"

#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>

namespace headrace::web {

struct Pool::Impl {
  explicit Impl(boost::asio::io_context& loop) : io(loop) {}
  boost::asio::io_context& io;
  boost::asio::thread_pool threads{1};
};

Pool::Pool(boost::asio::io_context& io) : impl_(std::make_unique<Impl>(io)) {}

Pool::~Pool() {
  impl_->threads.stop();
  impl_->threads.join();
}

void Pool::run(std::function<Answer()> job) {
  boost::asio::post(impl_->threads, [&io = impl_->io, job = std::move(job)]() mutable {
    Answer answer = job();
    job = nullptr;
    boost::asio::post(io, std::move(answer));
  });
}

}  // namespace headrace::web
