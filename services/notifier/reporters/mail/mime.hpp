// SPDX-License-Identifier: Apache-2.0
// Writes a mail as bytes: RFC 5322 headers, RFC 2047 words, RFC 2045 bodies. Whatever text comes in, no
// header can be smuggled in with it and no line gets longer than 998 bytes.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "notifier/reporters/mail/address.hpp"

namespace headrace::notifier {

struct MailText {
  Address from;
  std::vector<Address> to, cc;
  std::string subject;     ///< UTF-8
  std::string message_id;  ///< with its angle brackets
  std::int64_t date_ms = 0;
  /// More headers. Those that this struct decides, and names that are no header names, are left out.
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;  ///< UTF-8 text with \n or \r\n line ends
};

/// The whole message, CRLF line ends, pure ASCII.
std::string write_mail(const MailText& mail);

/// One line for a header: control characters become blanks; ASCII stays, other text becomes encoded words.
std::string header_text(std::string_view utf8);
/// "Sat, 05 Sep 2026 10:11:12 +0000".
std::string mail_date(std::int64_t ms);
std::string quoted_printable(std::string_view text);

}  // namespace headrace::notifier
