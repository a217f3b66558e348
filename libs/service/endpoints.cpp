// SPDX-License-Identifier: Apache-2.0
#include "service/endpoints.hpp"

#include <unistd.h>

namespace headrace::service {

std::vector<std::string> split_endpoints(const std::string& text) {
  std::vector<std::string> out(1);
  for (char c : text) {
    if (c == ',') {
      out.emplace_back();
    } else if (c != ' ') {
      out.back() += c;
    }
  }
  std::erase(out, "");
  return out;
}

void bind_all(bus::Socket& socket, const std::vector<std::string>& endpoints, const bus::KeyPair& own,
              const std::string& domain, bool always_secure) {
  const auto is_unix = [](const std::string& e) { return e.starts_with("ipc://"); };
  if (always_secure) socket.secure_server(own, domain);
  for (const auto& e : endpoints) {
    if (!is_unix(e)) continue;
    ::unlink(e.c_str() + 6);  // of an earlier life; ZeroMQ does not clear it after a crash
    socket.bind(e);
  }
  bool secured = always_secure;
  for (const auto& e : endpoints) {
    if (is_unix(e)) continue;
    if (!secured) socket.secure_server(own, domain);
    secured = true;
    socket.bind(e);
  }
}

}  // namespace headrace::service
