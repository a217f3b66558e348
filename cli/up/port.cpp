// SPDX-License-Identifier: Apache-2.0
#include "cli/up/port.hpp"

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "cli/command.hpp"
#include "http/address.hpp"

namespace headrace::cli {
namespace {

constexpr std::string_view kTcp = "tcp://";

bool every_interface(const std::string& host) {
  return host.empty() || host == "*" || host == "0.0.0.0" || host == "[::]";
}

}  // namespace

ReservedPort::ReservedPort(const std::string& option, const std::string& address) {
  std::string rest = address;
  if (rest.starts_with(kTcp)) scheme_ = kTcp, rest = rest.substr(kTcp.size());
  const auto colon = rest.rfind(':');
  if (colon == std::string::npos)
    throw UsageError(option + " '" + address + "': expected " + scheme_ + "host:port");
  host_ = rest.substr(0, colon);
  const auto endpoint = http::parse_address((host_ == "*" ? "" : host_) + rest.substr(colon));
  if (!endpoint) throw UsageError(option + ": " + endpoint.error().text);
  if (endpoint->protocol().family() == AF_UNIX)
    throw UsageError(option + " '" + address + "': expected host:port");

  fd_ = ::socket(endpoint->protocol().family(), SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int on = 1;
  ::setsockopt(fd_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (::bind(fd_, endpoint->data(), static_cast<socklen_t>(endpoint->size())) != 0) {
    const int error = errno;
    ::close(fd_);
    if (error == EADDRINUSE)
      throw UsageError("port " + rest.substr(colon + 1) + " is taken: another program listens on " + rest +
                       " (" + option + " chooses another)");
    throw UsageError(option + " " + address + ": " + std::strerror(error));
  }
  sockaddr_storage bound{};
  socklen_t size = sizeof bound;
  ::getsockname(fd_, reinterpret_cast<sockaddr*>(&bound), &size);
  port_ = ntohs(bound.ss_family == AF_INET6 ? reinterpret_cast<sockaddr_in6*>(&bound)->sin6_port
                                            : reinterpret_cast<sockaddr_in*>(&bound)->sin_port);
  address_ = scheme_ + host_ + ":" + std::to_string(port_);
}

ReservedPort::~ReservedPort() {
  if (fd_ >= 0) ::close(fd_);
}

std::string ReservedPort::advertised() const {
  if (!every_interface(host_)) return address_;
  char name[256] = "localhost";
  ::gethostname(name, sizeof name - 1);
  return scheme_ + name + ":" + std::to_string(port_);
}

}  // namespace headrace::cli
