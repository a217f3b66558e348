// SPDX-License-Identifier: Apache-2.0
// Mails are sent on threads of their own. libcurl ends an SMTP transfer with blocking waits, even in its
// multi interface: for the server's verdict on the message, and for the server's answer to QUIT. On the loop,
// a slow mail server would stop the whole service. Source: smtp_done() and smtp_disconnect() in curl 7.88's
// lib/smtp.c.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/thread_pool.hpp>
#include <functional>
#include <memory>
#include <optional>

#include "http/transfer.hpp"

namespace headrace::http {

class Mailer {
 public:
  static constexpr std::size_t kThreads = 4;  ///< mails at once; more wait for their turn

  explicit Mailer(boost::asio::io_context& io);
  /// Breaks off what is under way, within about a second.
  ~Mailer();
  Mailer(const Mailer&) = delete;

  /// `done` comes from the loop, and never after the end of the mailer. The loop does not end before that.
  void send(std::unique_ptr<Transfer> transfer, std::function<void(Reply)> done);

 private:
  struct UnderWay;

  boost::asio::io_context& io_;
  std::shared_ptr<UnderWay> under_way_;  // shared with jobs of the threads and their answers on the loop
  std::optional<boost::asio::thread_pool> threads_;  ///< from the first mail on
};

}  // namespace headrace::http
