// SPDX-License-Identifier: Apache-2.0
// One call or mail as a libcurl handle, for the multi interface and for a blocking call alike.
#pragma once

#include <curl/curl.h>

#include <array>
#include <atomic>
#include <memory>
#include <mutex>
#include <set>
#include <string>

#include "http/client.hpp"

namespace headrace::http {

/// The sockets of a transfer, to be shut down from another thread than the one that waits for them.
class OpenSockets {
 public:
  void add(int fd);
  void close(int fd);
  /// The thread that waits for the sockets sees the end of the connection.
  void shut_down();

 private:
  std::mutex mutex_;
  std::set<int> fds_;
};

class Transfer {
 public:
  explicit Transfer(Call call);
  explicit Transfer(Mail mail);
  Transfer(const Transfer&) = delete;
  ~Transfer();

  CURL* handle() const { return curl_.get(); }
  /// Not empty: the request cannot be sent at all (a line break in a header), and why.
  const std::string& refusal() const { return refusal_; }
  /// The reply after curl is done with the handle.
  Reply finish(CURLcode code);
  /// Makes the whole transfer; blocks until the reply is there.
  Reply perform();
  /// Ends the transfer soon after `flag`, which outlives it, becomes true. Call before it begins.
  void abort_when(const std::atomic<bool>& flag);
  /// The sockets of a mail; none of a call.
  std::shared_ptr<OpenSockets> sockets() const { return sockets_; }

 private:
  struct Cleanup {
    void operator()(CURL* c) const { curl_easy_cleanup(c); }
    void operator()(curl_slist* l) const { curl_slist_free_all(l); }
  };

  Transfer(const std::string& url, milliseconds timeout);
  void set_method(const Call& call);
  void set_headers(const Call& call);
  void add_line(const std::string& line);
  static std::size_t take_body(char* data, std::size_t, std::size_t size, void* self);
  static std::size_t take_header(char* data, std::size_t, std::size_t size, void* self);
  static std::size_t give_message(char* data, std::size_t, std::size_t size, void* self);

  /// Shared with the thread that may shut them down; they live until curl has closed them.
  std::shared_ptr<OpenSockets> sockets_ = std::make_shared<OpenSockets>();
  std::unique_ptr<CURL, Cleanup> curl_;
  std::unique_ptr<curl_slist, Cleanup> list_;  ///< header lines, or recipients
  std::array<char, CURL_ERROR_SIZE> error_{};
  std::string peer_;       ///< "host:port", for messages
  std::string upload_;     ///< body or message; curl reads it in place
  std::size_t given_ = 0;  ///< bytes of the message that curl has read
  std::string refusal_;
  std::string smtp_refusals_;  ///< what the mail server said with 4xx and 5xx
  bool is_mail_ = false;
  bool too_large_ = false;
  Reply reply_;
};

}  // namespace headrace::http
