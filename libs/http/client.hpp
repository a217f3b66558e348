// SPDX-License-Identifier: Apache-2.0
// HTTP and SMTP out, on libcurl's multi interface driven by the service's loop.
#pragma once

#include <boost/asio/io_context.hpp>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "clock/clock.hpp"

namespace headrace::http {

struct Call {
  std::string method = "GET";
  std::string url;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
  milliseconds timeout{30'000};
  std::string user;  ///< HTTP basic, when not empty
  std::string password;
  std::string unix_socket;  ///< connect to this path instead of the URL's host, when not empty
  bool verify_tls = true;
};

struct Mail {
  std::string relay;  ///< "smtp://host:25", "smtps://host:465"
  std::string user, password;
  bool require_tls = false;  ///< STARTTLS
  std::string from;
  std::vector<std::string> to;
  std::string message;  ///< headers and body, CRLF line ends
  /// Until the last answer. A relay that examines a mail before it accepts the mail needs minutes (RFC 5321,
  /// 4.5.3.2.6); a sender that gives up earlier would send the same mail again and again.
  milliseconds timeout{600'000};
};

struct Reply {
  int status = 0;          ///< HTTP status, or SMTP's last code; 0: no answer
  std::string body;        ///< at most 16 MiB
  std::string error;       ///< in words, when status is 0 or the transfer failed; names host and port
  seconds retry_after{0};  ///< HTTP: what the server asked for in Retry-After; 0: nothing
};

/// Asynchronous client; callbacks come from the loop. Calls and mails under way end with the client, without
/// a callback.
class Client {
 public:
  explicit Client(boost::asio::io_context& io);
  ~Client();
  void send(Call call, std::function<void(Reply)> done);
  /// Success is reply.error empty.
  void send(Mail mail, std::function<void(Reply)> done);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

/// The same for a command-line tool: blocks until answered.
Reply call_and_wait(const Call& call);

}  // namespace headrace::http
