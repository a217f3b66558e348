// SPDX-License-Identifier: Apache-2.0
#include "http/responder.hpp"

#include <boost/asio/post.hpp>
#include <utility>

#include "http/connection.hpp"

namespace headrace::http {
namespace asio = boost::asio;

namespace {

class OpenStream : public Stream {
 public:
  explicit OpenStream(std::shared_ptr<Connection> connection) : connection_(std::move(connection)) {}
  ~OpenStream() override {
    if (!over_) connection_->stream_dropped();
  }
  std::size_t write(std::string bytes) override {
    return over_ ? 0 : connection_->stream_write(std::move(bytes));
  }
  void finish() override {
    if (!std::exchange(over_, true)) connection_->stream_finish();
  }
  bool closed() const override { return over_ || !connection_->stream_open(); }
  void on_closed(std::function<void()> callback) override {
    if (!over_) connection_->on_stream_closed(std::move(callback));
  }
  void on_drained(std::function<void()> callback) override {
    if (!over_) connection_->on_stream_drained(std::move(callback));
  }

 private:
  std::shared_ptr<Connection> connection_;
  bool over_ = false;  ///< finished: the connection may carry another stream by now
};

// The stream for a peer that wants no body, or that has gone before the stream was opened: closed from the
// start.
class ClosedStream : public Stream {
 public:
  explicit ClosedStream(asio::io_context& io) : io_(io) {}
  std::size_t write(std::string) override { return 0; }
  void finish() override {}
  bool closed() const override { return true; }
  void on_closed(std::function<void()> callback) override { asio::post(io_, std::move(callback)); }
  void on_drained(std::function<void()>) override {}

 private:
  asio::io_context& io_;
};

class OneAnswer : public Responder {
 public:
  OneAnswer(asio::io_context& io, std::shared_ptr<Connection> connection)
      : io_(io), connection_(std::move(connection)) {}
  ~OneAnswer() override {
    if (connection_) send(Response{500, "text/plain; charset=utf-8", "the server gave no answer\n", {}});
  }
  void send(Response response) override {
    if (const auto connection = std::exchange(connection_, nullptr)) connection->answer(std::move(response));
  }
  StreamPtr stream(Response head) override {
    const auto connection = std::exchange(connection_, nullptr);
    if (!connection || !connection->open_stream(head)) return std::make_shared<ClosedStream>(io_);
    return std::make_shared<OpenStream>(connection);
  }

 private:
  asio::io_context& io_;
  std::shared_ptr<Connection> connection_;
};

}  // namespace

ResponderPtr make_responder(asio::io_context& io, std::shared_ptr<Connection> connection) {
  return std::make_shared<OneAnswer>(io, std::move(connection));
}

}  // namespace headrace::http
