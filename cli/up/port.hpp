// SPDX-License-Identifier: Apache-2.0
// A port that a child will listen on, kept for it.
#pragma once

#include <string>

namespace headrace::cli {

/// Bound, but not listening, with SO_REUSEADDR: a child can bind and listen beside it (as often as it is
/// started again), while port 0 stays the same number and nobody else is given it.
class ReservedPort {
 public:
  /// @param option   for messages: "--web"
  /// @param address  "127.0.0.1:8010", "tcp://127.0.0.1:9989", "tcp://*:9989"; port 0: any free one
  /// Throws UsageError naming address and reason ("is taken").
  ReservedPort(const std::string& option, const std::string& address);
  ~ReservedPort();
  ReservedPort(const ReservedPort&) = delete;

  /// As it was given, with the real port.
  const std::string& address() const { return address_; }
  /// The same for another machine: this host's name in place of "every interface".
  std::string advertised() const;

 private:
  std::string scheme_, host_, address_;
  int port_ = 0;
  int fd_ = -1;
};

}  // namespace headrace::cli
