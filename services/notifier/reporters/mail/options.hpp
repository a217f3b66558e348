// SPDX-License-Identifier: Apache-2.0
// What `reporter.mail` has of its own.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "config/options.hpp"

namespace headrace::notifier {

struct MailOptions {
  std::string from;
  std::vector<std::string> to;
  std::string relay;  ///< "smtp://host:port"
  std::string smtp_user, smtp_password;
  bool use_tls = false;
  bool send_to_interested_users = false;
  std::string lookup;              ///< domain appended to user names
  config::TextOrFunction subject;  ///< neither: the default; a text is interpolated
  config::FunctionId body = 0;
  std::map<std::string, std::string> extra_headers;

  template <class S, class F>
  static void fields(S& s, F&& f) {
    f("from", s.from), f("to", s.to), f("relay", s.relay), f("smtp_user", s.smtp_user);
    f("smtp_password", s.smtp_password), f("use_tls", s.use_tls), f("lookup", s.lookup);
    f("send_to_interested_users", s.send_to_interested_users), f("subject", s.subject), f("body", s.body);
    f("extra_headers", s.extra_headers);
  }
};

}  // namespace headrace::notifier
