// SPDX-License-Identifier: Apache-2.0
// Bytes to one request. The only user of Boost.Beast, which takes long to compile.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "http/server.hpp"
#include "http/server_options.hpp"

namespace headrace::http {

/// Reads one HTTP/1.x request from bytes that arrive in any pieces.
class RequestParser {
 public:
  explicit RequestParser(const ServerOptions& options);
  ~RequestParser();

  /// What a refused request is answered with.
  struct Refusal {
    int status = 0;  ///< 400, 413 or 431; 0: nothing is wrong
    std::string text;
  };

  /// Reads from the front of `bytes`, which must be contiguous and hold all that earlier calls left.
  /// @return how many bytes were taken; the caller keeps the rest and calls again with more behind it
  std::size_t feed(std::string_view bytes);
  const Refusal& refusal() const;
  bool header_done() const;
  /// Memory that the body takes so far.
  std::size_t body_bytes() const;
  bool done() const;
  /// After header_done(): the client waits for "100 Continue" before it sends the body.
  bool expects_continue() const;
  /// After done(): whether the connection may carry another request.
  bool keep_alive() const;
  /// 10 or 11.
  int version() const;
  /// After done(): the request, moved out.
  Request take();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace headrace::http
