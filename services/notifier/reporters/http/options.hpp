// SPDX-License-Identifier: Apache-2.0
// What `reporter.http` has of its own.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "config/options.hpp"

namespace headrace::notifier {

struct HttpOptions {
  std::string server_url;
  std::vector<std::string> auth;  ///< user and password, or nothing
  std::map<std::string, std::string> headers;

  std::string user() const { return auth.empty() ? "" : auth[0]; }
  std::string password() const { return auth.empty() ? "" : auth[1]; }

  template <class S, class F>
  static void fields(S& s, F&& f) {
    f("server_url", s.server_url), f("auth", s.auth), f("headers", s.headers);
  }
};

}  // namespace headrace::notifier
