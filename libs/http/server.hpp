// SPDX-License-Identifier: Apache-2.0
// An HTTP/1.1 server on the service's loop. Only request_parser.cpp includes Boost.Beast.
#pragma once

#include <boost/asio/io_context.hpp>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace headrace::http {

struct Request {
  std::string method;                                        ///< "GET"
  std::string target;                                        ///< as sent: "/a%20b?x=1"
  std::string path;                                          ///< percent-decoded, without the query: "/a b"
  std::vector<std::pair<std::string, std::string>> query;    ///< decoded, in order, repeats kept
  std::vector<std::pair<std::string, std::string>> headers;  ///< as sent
  std::string body;
  std::string remote;  ///< address of the peer, "127.0.0.1"; "" on a unix socket

  /// First value of a header, name compared without case; "" when there is none.
  std::string_view header(std::string_view name) const;
  /// First value of a query parameter.
  std::optional<std::string> param(std::string_view name) const;
};

struct Response {
  int status = 200;
  std::string content_type = "text/plain; charset=utf-8";
  std::string body;
  std::vector<std::pair<std::string, std::string>> headers;
};

/// An open answer without an end (server-sent events, log download). The connection closes when its stream is
/// dropped unfinished.
class Stream {
 public:
  virtual ~Stream() = default;
  /// Queues bytes. @return bytes not yet taken by the peer; the owner decides when that is too much.
  virtual std::size_t write(std::string bytes) = 0;
  virtual void finish() = 0;
  virtual bool closed() const = 0;
  /// Called (once, from the loop) when the peer has gone.
  virtual void on_closed(std::function<void()> callback) = 0;
  /// Called each time the queue has run empty.
  virtual void on_drained(std::function<void()> callback) = 0;
};
/// Shared between the owner of the stream and callbacks of the stream that write more to it.
using StreamPtr = std::shared_ptr<Stream>;

/// The one answer to one request: call `send` or `stream` exactly once, now or later, from the loop. A
/// responder that is dropped unused answers 500.
class Responder {
 public:
  virtual ~Responder() = default;
  virtual void send(Response response) = 0;
  /// Sends the head (status, headers) and leaves the body open, chunked.
  virtual StreamPtr stream(Response head) = 0;
};

/// Shared between the handler and whatever answers later: a callback, a job of a pool.
using ResponderPtr = std::shared_ptr<Responder>;
using Handler = std::function<void(Request request, ResponderPtr responder)>;

struct ServerOptions;  // server_options.hpp

/// Listens and answers until destroyed. One thread: that of `io`.
class Server {
 public:
  /// @param address  "127.0.0.1:8010", "[::1]:8010", ":0" port chosen by the system, or "unix:/path"
  /// Throws std::runtime_error naming the address when it cannot be bound.
  Server(boost::asio::io_context& io, const std::string& address, Handler handler);
  Server(boost::asio::io_context& io, const std::string& address, Handler handler,
         const ServerOptions& options);
  ~Server();
  /// The bound address; differs from what was asked when the port was 0.
  std::string address() const;

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;  // shared with the pending accept and timers, which end after the server
};

/// "a%20b+c" → "a b c" (plus as blank only where `plus_is_blank`); bad escapes stay as they are.
std::string percent_decode(std::string_view text, bool plus_is_blank);
/// application/x-www-form-urlencoded or a query string, decoded, in order.
std::vector<std::pair<std::string, std::string>> parse_form(std::string_view text);
/// Whether a form has more fields than are taken: "a&a&a" takes forty times its size when it is parsed.
bool too_many_fields(std::string_view form);

}  // namespace headrace::http
