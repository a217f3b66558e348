// SPDX-License-Identifier: Apache-2.0
#include "bus/peer_connections.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "log/log.hpp"

namespace headrace::bus {
namespace {

// "[::1]:4711"; "" for what is no TCP connection, or no longer one.
std::string peer_of(int fd) {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  if (::getpeername(fd, reinterpret_cast<sockaddr*>(&address), &size) != 0) return "";
  char text[INET6_ADDRSTRLEN] = "";
  if (address.ss_family == AF_INET) {
    const auto& in = reinterpret_cast<const sockaddr_in&>(address);
    ::inet_ntop(AF_INET, &in.sin_addr, text, sizeof text);
    return std::string(text) + ":" + std::to_string(ntohs(in.sin_port));
  }
  if (address.ss_family != AF_INET6) return "";
  const auto& in6 = reinterpret_cast<const sockaddr_in6&>(address);
  ::inet_ntop(AF_INET6, &in6.sin6_addr, text, sizeof text);
  return "[" + std::string(text) + "]:" + std::to_string(ntohs(in6.sin6_port));
}

std::size_t received_bytes(int fd) {
  tcp_info info{};
  socklen_t size = sizeof info;
  if (::getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size) != 0) return 0;
  return static_cast<std::size_t>(info.tcpi_bytes_received);
}

// libzmq may have closed the descriptor meanwhile, and something else may have it now. A copy stays what it
// is, so it can be looked at before it is shut down.
void shut_down(int fd, const std::string& peer) {
  const int copy = ::fcntl(fd, F_DUPFD_CLOEXEC, 0);
  if (copy < 0) {
    if (peer_of(fd) == peer) ::shutdown(fd, SHUT_RDWR);  // no descriptor is left for a copy
    return;
  }
  if (peer_of(copy) == peer) ::shutdown(copy, SHUT_RDWR);
  ::close(copy);
}

std::size_t quarter_of_descriptors() {
  rlimit files{};
  return ::getrlimit(RLIMIT_NOFILE, &files) == 0 ? std::max<std::size_t>(files.rlim_cur / 4, 1) : 1;
}

}  // namespace

void PeerConnections::accepted(int fd) {
  disconnected(fd);  // the end of an earlier one was not told
  const std::string peer = peer_of(fd);
  if (peer.empty()) return;
  connections_[fd] = {peer, Clock::now(), false, "", 0};
  ++unheard_;
  while (unheard_ > std::min(limits_.unheard, quarter_of_descriptors()))
    end_oldest_unheard("too many have not shown a key");
}

void PeerConnections::disconnected(int fd) {
  const auto it = connections_.find(fd);
  if (it == connections_.end()) return;
  if (!it->second.heard) --unheard_;
  connections_.erase(it);
}

void PeerConnections::accept_failed() { end_oldest_unheard("no descriptor is left"); }

void PeerConnections::heard(int fd, const std::string& key) {
  const auto it = connections_.find(fd);
  if (it == connections_.end() || it->second.heard) return;
  it->second.heard = true;
  it->second.key = key;
  --unheard_;
  if (key == exempt_) return;
  std::size_t of_key = 0;
  Entry oldest = it;
  for (auto other = connections_.begin(); other != connections_.end(); ++other) {
    if (!other->second.heard || other->second.key != key) continue;
    ++of_key;
    if (other->second.since < oldest->second.since) oldest = other;
  }
  if (of_key > limits_.per_key) end(oldest, "too many have the same key");
}

void PeerConnections::subscribed(int fd, bool more) {
  const auto it = connections_.find(fd);
  if (limits_.subscriptions == 0 || it == connections_.end()) return;
  auto& count = it->second.subscriptions;
  count = more ? count + 1 : count - std::min<std::size_t>(count, 1);
  if (count > limits_.subscriptions) end(it, "too many subscriptions");
}

void PeerConnections::look() {
  for (auto it = connections_.begin(); it != connections_.end();) {
    const auto entry = it++;
    if (!entry->second.heard && received_bytes(entry->first) > limits_.unheard_bytes)
      end(entry, "too much was sent before a first message");
  }
}

void PeerConnections::end(Entry entry, const char* why) {
  spdlog::debug("connection is ended peer={} reason=\"{}\"", entry->second.peer, why);
  shut_down(entry->first, entry->second.peer);
  if (!entry->second.heard) --unheard_;
  connections_.erase(entry);
}

void PeerConnections::end_oldest_unheard(const char* why) {
  auto oldest = connections_.end();
  for (auto it = connections_.begin(); it != connections_.end(); ++it) {
    if (it->second.heard) continue;
    if (oldest == connections_.end() || it->second.since < oldest->second.since) oldest = it;
  }
  if (oldest != connections_.end()) end(oldest, why);
}

}  // namespace headrace::bus
