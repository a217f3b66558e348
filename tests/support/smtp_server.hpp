// SPDX-License-Identifier: Apache-2.0
// A real SMTP server (python3-aiosmtpd) that keeps every mail it took.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "support/program.hpp"

namespace headrace::test {

class SmtpServer {
 public:
  SmtpServer() { start(); }
  void kill() { program_.reset(); }
  void start();  ///< again, on the same port
  std::string relay() const { return "smtp://127.0.0.1:" + port_; }
  /// Complete mails in order of arrival, each with a first line `X-Envelope: sender recipient …`.
  std::vector<std::string> mails() const;

 private:
  Folder folder_;
  std::string port_ = "0";
  std::unique_ptr<Program> program_;
};

}  // namespace headrace::test
