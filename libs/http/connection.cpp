// SPDX-License-Identifier: Apache-2.0
#include "http/connection.hpp"

#include <sys/socket.h>

#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <boost/asio/post.hpp>
#include <cstring>
#include <utility>

#include "http/connection_limits.hpp"
#include "http/responder.hpp"
#include "http/response_head.hpp"

namespace headrace::http {
namespace asio = boost::asio;
using boost::system::error_code;

namespace {

constexpr std::size_t kReadBuffer = 64u << 10;
// A peer that is still sending when its request is refused would get a reset before it has read the answer.
// The rest of the request is therefore read and thrown away, within these bounds.
constexpr std::size_t kLingerBytes = 256u << 20;
constexpr std::chrono::seconds kLingerTime{5};

std::string chunk_head(std::size_t size) {
  char text[24];
  return {text, static_cast<std::size_t>(std::snprintf(text, sizeof text, "%zx\r\n", size))};
}

}  // namespace

Connection::Connection(std::shared_ptr<Shared> shared, Socket socket, std::string remote)
    : shared_(std::move(shared)),
      socket_(std::move(socket)),
      remote_(std::move(remote)),
      last_progress_(Clock::now()) {
  // The parser wants the header in one piece, so the buffer holds the largest one allowed, and one byte
  // more to see that it is too large.
  capacity_ = std::max(kReadBuffer, options().max_header_bytes + 1024);
  buffer_.reset(new char[capacity_]);
  shared_->connections.insert(this);
}

Connection::~Connection() {
  shared_->connections.erase(this);
  shared_->held_bytes -= held_bytes_;
}

void Connection::start() { next_request(); }

void Connection::next_request() {
  state_ = State::reading;
  parser_ = std::make_unique<RequestParser>(options());
  continue_sent_ = false;
  finishing_ = dropped_ = false;
  if (begin_ == end_)
    set_deadlines(options().idle_time, options().idle_time);
  else
    set_deadlines(options().header_time, options().header_time);
  parse();
}

void Connection::read() {
  if (reading_ || state_ == State::closed) return;
  if (begin_ > 0) {
    std::memmove(buffer_.get(), buffer_.get() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
  }
  if (end_ == capacity_) return;  // only while an answer is under way: the client sent that much ahead
  reading_ = true;
  socket_.async_read_some(asio::buffer(buffer_.get() + end_, capacity_ - end_),
                          [self = shared_from_this()](error_code error, std::size_t size) {
                            self->reading_ = false;
                            self->on_read(size, static_cast<bool>(error));
                          });
}

void Connection::on_read(std::size_t size, bool end) {
  if (state_ == State::closed) return;
  if (state_ == State::lingering) {
    lingered_bytes_ += size;
    if (end || lingered_bytes_ > kLingerBytes) return close();
    begin_ = end_ = 0;
    return read();
  }
  if (state_ == State::reading) {
    if (end) return close();
    // The header and the body have one deadline each, from their first byte: otherwise a byte a minute would
    // keep the connection, and a large body, for ever.
    if (!parser_->header_done() && begin_ == end_)
      set_deadlines(options().header_time, options().header_time);
    else if (parser_->header_done())
      progress(options().body_silence);
    end_ += size;
    return parse();
  }
  if (end) return close();  // in a stream: the peer has gone
  end_ += size;
  if (state_ == State::streaming) read();
}

void Connection::parse() {
  const bool in_header = !parser_->header_done();
  begin_ += parser_->feed({buffer_.get() + begin_, end_ - begin_});
  if (in_header && parser_->header_done()) set_deadlines(options().body_silence, options().body_time);
  count_held();
  if (state_ != State::reading) return;  // shed
  if (parser_->refusal().status != 0) return refuse(parser_->refusal().status, parser_->refusal().text);
  if (parser_->done()) return handle_request();
  if (end_ - begin_ == capacity_) return refuse(400, "not an HTTP request: a line without end");
  if (parser_->header_done() && parser_->expects_continue() && !continue_sent_) {
    continue_sent_ = true;
    out_ = {"HTTP/1.1 100 Continue\r\n\r\n", ""};
    out_offset_ = 0;
    write();  // the body may arrive meanwhile
  }
  read();
}

void Connection::handle_request() {
  if (writing_) return;  // "100 Continue" is still on its way: on_written comes back here
  state_ = State::handling;
  set_no_deadline();
  keep_alive_ = parser_->keep_alive();
  version_ = parser_->version();
  Request request = parser_->take();
  count_held();
  request.remote = remote_;
  head_only_ = request.method == "HEAD";
  if (shared_->stopped) return close();
  // A copy: the handler may destroy the server, and with it the function that is running.
  const Handler handler = shared_->handler;
  handler(std::move(request), make_responder(shared_->io, shared_from_this()));
}

void Connection::answer(Response response) {
  if (state_ != State::handling) return;
  state_ = State::answering;
  out_[0] = response_head(response, Framing::length, response.body.size(), version_, keep_alive_);
  out_[1] = head_only_ || bodiless(response.status) ? std::string() : std::move(response.body);
  out_offset_ = 0;
  const std::chrono::seconds more(out_[1].size() / options().slowest_reader);
  set_deadlines(options().idle_time, options().answer_time + more);
  count_held();
  write();
}

void Connection::refuse(int status, const std::string& text) {
  state_ = State::handling;
  keep_alive_ = head_only_ = false;
  if (writing_) return close();
  answer(Response{status, "text/plain; charset=utf-8", text + "\n", {}});
}

bool Connection::open_stream(const Response& head) {
  if (state_ != State::handling) return false;
  if (head_only_ || bodiless(head.status)) {
    state_ = State::answering;
    out_ = {response_head(head, Framing::chunked, 0, version_, keep_alive_), ""};
  } else {
    // HTTP/1.0 knows no chunks: there the end of the connection ends the body.
    const bool chunked = version_ >= 11;
    if (!chunked) keep_alive_ = false;
    state_ = State::streaming;
    out_ = {response_head(head, chunked ? Framing::chunked : Framing::until_close, 0, version_, keep_alive_),
            ""};
    read();  // to notice that the peer has gone
  }
  out_offset_ = 0;
  set_deadlines(options().idle_time, options().stream_time);
  write();
  return state_ == State::streaming;
}

std::size_t Connection::stream_write(std::string bytes) {
  if (!stream_open()) return 0;
  if (!bytes.empty()) {
    if (unsent() + queued_.size() == 0) set_deadlines(options().idle_time, options().stream_time);
    if (version_ >= 11) {
      queued_ += chunk_head(bytes.size());
      queued_ += bytes;
      queued_ += "\r\n";
    } else if (queued_.empty()) {
      queued_ = std::move(bytes);
    } else {
      queued_ += bytes;
    }
    write();
    count_held();
  }
  return unsent() + queued_.size();
}

void Connection::stream_finish() {
  if (!stream_open()) return;
  finishing_ = true;
  closed_callback_ = drained_callback_ = nullptr;
  if (version_ >= 11) queued_ += "0\r\n\r\n";
  set_deadlines(options().idle_time, options().stream_time);
  write();
  if (!writing_) answer_written();
}

void Connection::stream_dropped() {
  dropped_ = true;
  if (stream_open() && !writing_) close();
}

void Connection::on_stream_closed(std::function<void()> callback) {
  if (stream_open()) {
    closed_callback_ = std::move(callback);
  } else {
    post_closed(std::move(callback));
  }
}

void Connection::on_stream_drained(std::function<void()> callback) {
  if (stream_open()) drained_callback_ = std::move(callback);
}

// Starts a write of what there is, if none is pending.
void Connection::write() {
  if (writing_ || state_ == State::closed) return;
  if (unsent() == 0) {
    if (queued_.empty()) return;
    out_[0].clear();
    out_[1] = std::exchange(queued_, {});
    out_offset_ = 0;
  }
  writing_ = true;
  const std::size_t first = std::min(out_offset_, out_[0].size());
  const std::size_t second = out_offset_ - first;
  const std::array<asio::const_buffer, 2> buffers{
      asio::buffer(out_[0].data() + first, out_[0].size() - first),
      asio::buffer(out_[1].data() + second, out_[1].size() - second)};
  socket_.async_write_some(buffers, [self = shared_from_this()](error_code error, std::size_t size) {
    self->writing_ = false;
    self->on_written(size, static_cast<bool>(error));
  });
}

void Connection::on_written(std::size_t size, bool failed) {
  if (state_ == State::closed) return;
  if (failed) return close();
  out_offset_ += size;
  progress(options().idle_time);
  count_held();
  write();
  if (writing_) return;
  out_ = {};
  out_offset_ = 0;
  switch (state_) {
    case State::reading:  // "100 Continue"
      if (parser_->done()) handle_request();
      return;
    case State::answering:
      return answer_written();
    case State::streaming:
      if (finishing_) return answer_written();
      if (dropped_) return close();
      set_no_deadline();
      // A copy: the callback may replace itself, or finish the stream.
      if (const auto callback = drained_callback_) callback();
      return;
    default:
      return;
  }
}

void Connection::answer_written() {
  if (keep_alive_) return next_request();
  linger();
}

void Connection::linger() {
  state_ = State::lingering;
  set_deadlines(kLingerTime, kLingerTime);
  count_held();
  error_code ignored;
  socket_.shutdown(Socket::shutdown_send, ignored);
  begin_ = end_ = 0;
  read();
}

void Connection::post_closed(std::function<void()> callback) {
  if (callback && !shared_->stopped) asio::post(shared_->io, std::move(callback));
}

void Connection::close() {
  if (state_ == State::closed) return;
  state_ = State::closed;
  shared_->connections.erase(this);
  count_held();
  error_code ignored;
  socket_.close(ignored);
  drained_callback_ = nullptr;
  post_closed(std::exchange(closed_callback_, nullptr));
}

void Connection::set_deadlines(std::chrono::seconds silence, std::chrono::seconds whole) {
  last_progress_ = Clock::now();
  silent_until_ = last_progress_ + silence;
  whole_until_ = last_progress_ + whole;
}

void Connection::progress(std::chrono::seconds silence) {
  last_progress_ = Clock::now();
  if (silent_until_ != Clock::time_point::max()) silent_until_ = last_progress_ + silence;
}

// The read buffer is not counted: its number is bounded with the connections.
void Connection::count_held() {
  std::size_t now = 0;
  if (state_ == State::reading) now += parser_->body_bytes();
  if (state_ != State::closed) now += unsent() + queued_.size();
  shared_->held_bytes = shared_->held_bytes - held_bytes_ + now;
  const bool grown = now > held_bytes_;
  held_bytes_ = now;
  if (grown) shed_the_largest(*shared_);
}

void Connection::shed() {
  if (state_ != State::reading || writing_) return close();
  parser_ = std::make_unique<RequestParser>(options());  // the body goes at once
  begin_ = end_ = 0;
  refuse(503, "too much is arriving at once, send it again later");
}

void Connection::check_deadline(Clock::time_point now) {
  if (now < silent_until_ && now < whole_until_) return;
  if (state_ == State::reading && !writing_ && (end_ > begin_ || parser_->header_done())) {
    return refuse(408, "the request did not arrive in time");
  }
  close();
}

}  // namespace headrace::http
