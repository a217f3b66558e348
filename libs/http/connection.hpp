// SPDX-License-Identifier: Apache-2.0
// One accepted connection: reads a request, waits for its answer, writes it, reads the next.
//
// Requests of one connection are answered strictly one after the other. Bytes that a client sends ahead stay
// in the read buffer and, when that is full, in the kernel. Everything runs on the thread of the io_context.
// A connection is kept alive by its pending operations and by the Responder or Stream that its handler holds.
#pragma once

#include <array>
#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <unordered_set>

#include "http/request_parser.hpp"
#include "http/server.hpp"
#include "http/server_options.hpp"

namespace headrace::http {

using Socket = boost::asio::basic_stream_socket<boost::asio::generic::stream_protocol,
                                                boost::asio::io_context::executor_type>;

class Connection;

/// What the connections of one server share. Outlives the server as long as one of the connections lives.
struct Shared {
  boost::asio::io_context& io;
  Handler handler;
  ServerOptions options;
  std::unordered_set<Connection*> connections;  ///< those not closed
  std::size_t held_bytes = 0;                   ///< of all connections: see Connection::held_bytes
  bool stopped = false;                         ///< the server is gone: no handler is called any more
};

class Connection : public std::enable_shared_from_this<Connection> {
 public:
  using Clock = std::chrono::steady_clock;

  Connection(std::shared_ptr<Shared> shared, Socket socket, std::string remote);
  ~Connection();
  void start();
  /// Closes when the deadline of what it is doing has passed. Called about once a second.
  void check_deadline(Clock::time_point now);
  /// Closes at once. The owner of a stream is told, later from the loop, unless the server has stopped.
  void close();

  // For the choice of the connection that ends when there are too many (connection_limits.hpp).
  const std::string& remote() const { return remote_; }
  /// True between and in the middle of requests, until a whole request is there.
  bool waits_for_peer() const { return state_ == State::reading || state_ == State::lingering; }
  bool streams() const { return state_ == State::streaming; }
  Clock::time_point last_progress() const { return last_progress_; }
  /// Bytes of a body that is arriving and of answers that the peer has not taken.
  std::size_t held_bytes() const { return held_bytes_; }
  /// Ends, with an answer where that is possible: the server holds too much.
  void shed();

  // For the Responder of the request at hand.
  void answer(Response response);
  /// False when the peer needs no body (HEAD, 204): the answer is complete, and there is no stream.
  bool open_stream(const Response& head);

  // For the Stream of the request at hand.
  std::size_t stream_write(std::string bytes);
  void stream_finish();
  /// The owner has dropped the stream: an unfinished body ends with the connection.
  void stream_dropped();
  bool stream_open() const { return state_ == State::streaming && !finishing_; }
  void on_stream_closed(std::function<void()> callback);
  void on_stream_drained(std::function<void()> callback);

 private:
  enum class State { reading, handling, answering, streaming, lingering, closed };

  void read();
  void on_read(std::size_t size, bool end);
  void parse();
  void handle_request();
  void refuse(int status, const std::string& text);
  void write();
  void on_written(std::size_t size, bool failed);
  void answer_written();
  void next_request();
  void linger();
  void post_closed(std::function<void()> callback);
  /// @param silence  without progress; @param whole  for all of what is under way, progress or not
  void set_deadlines(std::chrono::seconds silence, std::chrono::seconds whole);
  void set_no_deadline() { silent_until_ = whole_until_ = Clock::time_point::max(); }
  void progress(std::chrono::seconds silence);
  void count_held();
  const ServerOptions& options() const { return shared_->options; }
  std::size_t unsent() const { return out_[0].size() + out_[1].size() - out_offset_; }

  std::shared_ptr<Shared> shared_;  // see Shared
  Socket socket_;
  std::string remote_;
  State state_ = State::reading;
  Clock::time_point silent_until_;   ///< every progress moves it; max(): none
  Clock::time_point whole_until_;    ///< nothing moves it
  Clock::time_point last_progress_;  ///< when the peer last sent or took something
  std::size_t held_bytes_ = 0;

  // The read buffer: memory that is reserved but untouched (no zeroes written) until bytes arrive.
  std::unique_ptr<char[]> buffer_;
  std::size_t capacity_;
  std::size_t begin_ = 0, end_ = 0;  ///< the bytes not yet parsed
  bool reading_ = false;             ///< a read is pending
  std::unique_ptr<RequestParser> parser_;
  bool continue_sent_ = false;

  // Of the request at hand.
  bool head_only_ = false;
  bool keep_alive_ = false;
  int version_ = 11;

  std::array<std::string, 2> out_;  ///< being written: head and body, or a batch of chunks in the second
  std::size_t out_offset_ = 0;      ///< bytes of out_ that the peer has taken
  bool writing_ = false;            ///< a write is pending
  std::string queued_;              ///< of a stream: framed bytes behind out_
  bool finishing_ = false;          ///< of a stream: its end is queued
  bool dropped_ = false;
  std::function<void()> closed_callback_, drained_callback_;
  std::size_t lingered_bytes_ = 0;
};

}  // namespace headrace::http
