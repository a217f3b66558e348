// SPDX-License-Identifier: Apache-2.0
#include "http/address.hpp"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <array>
#include <cstring>
#include <memory>

namespace headrace::http {
namespace {

Result<Endpoint> unix_address(const std::string& address, const std::string& path) {
  sockaddr_un name{};
  name.sun_family = AF_UNIX;
  if (path.empty() || path.size() >= sizeof name.sun_path) {
    return fail("address '" + address + "': the path of a unix socket has 1 to " +
                std::to_string(sizeof name.sun_path - 1) + " bytes, this one " + std::to_string(path.size()));
  }
  std::memcpy(name.sun_path, path.data(), path.size());
  return Endpoint(&name, offsetof(sockaddr_un, sun_path) + path.size() + 1);
}

int port_of(const Endpoint& endpoint) {
  const auto* any = reinterpret_cast<const sockaddr*>(endpoint.data());
  if (any->sa_family == AF_INET) return ntohs(reinterpret_cast<const sockaddr_in*>(any)->sin_port);
  return ntohs(reinterpret_cast<const sockaddr_in6*>(any)->sin6_port);
}

}  // namespace

Result<Endpoint> parse_address(const std::string& address) {
  if (address.rfind("unix:", 0) == 0) return unix_address(address, address.substr(5));
  const auto colon = address.rfind(':');
  if (colon == std::string::npos) return fail("address '" + address + "': expected host:port or unix:/path");
  std::string host = address.substr(0, colon);
  const std::string port = address.substr(colon + 1);
  if (host.size() >= 2 && host.front() == '[' && host.back() == ']') {
    host = host.substr(1, host.size() - 2);
  } else if (host.find(':') != std::string::npos) {
    return fail("address '" + address + "': an IPv6 address stands in brackets, [" + host + "]:" + port);
  }
  if (port.empty() || port.size() > 5 || port.find_first_not_of("0123456789") != std::string::npos ||
      std::stoi(port) > 65535) {
    return fail("address '" + address + "': the port is a number from 0 to 65535, not '" + port + "'");
  }
  if (host.empty() || host == "*") host = "0.0.0.0";
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  const int code = getaddrinfo(host.c_str(), port.c_str(), &hints, &found);
  if (code != 0) return fail("address '" + address + "': " + gai_strerror(code));
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> owner(found, &freeaddrinfo);
  return Endpoint(found->ai_addr, found->ai_addrlen, found->ai_protocol);
}

std::string host_text(const Endpoint& endpoint) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  const auto* any = reinterpret_cast<const sockaddr*>(endpoint.data());
  if (endpoint.size() == 0 || any->sa_family == AF_UNIX) return "";
  const void* bytes = any->sa_family == AF_INET
                          ? static_cast<const void*>(&reinterpret_cast<const sockaddr_in*>(any)->sin_addr)
                          : static_cast<const void*>(&reinterpret_cast<const sockaddr_in6*>(any)->sin6_addr);
  return inet_ntop(any->sa_family, bytes, text.data(), text.size()) ? text.data() : "";
}

std::string address_text(const Endpoint& endpoint) {
  const auto* any = reinterpret_cast<const sockaddr*>(endpoint.data());
  if (any->sa_family == AF_UNIX)
    return std::string("unix:") + reinterpret_cast<const sockaddr_un*>(any)->sun_path;
  const std::string host = host_text(endpoint);
  const std::string port = std::to_string(port_of(endpoint));
  return any->sa_family == AF_INET6 ? "[" + host + "]:" + port : host + ":" + port;
}

}  // namespace headrace::http
