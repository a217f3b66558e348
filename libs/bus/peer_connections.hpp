// SPDX-License-Identifier: Apache-2.0
// The TCP connections of a bound socket, as far as they have to be bounded; libzmq itself knows no bound on
// their number, nor on what one of them does before it has shown a key.
//
// libzmq tells (through a monitor) of each connection that it has accepted, with its descriptor. A connection
// that has sent no message yet is unheard: it may be in its handshake, and nobody knows whose it is. A
// message tells the key and, again, the descriptor. A connection that is to end is shut down; libzmq then
// closes it as broken.
#pragma once

#include <chrono>
#include <cstddef>
#include <map>
#include <string>

namespace headrace::bus {

/// What a bound socket bears from its peers.
struct PeerLimits {
  std::size_t message_bytes = 0;  ///< of a frame: libzmq ends a connection that announces more
  std::size_t unheard = 0;        ///< connections that have sent no message yet: the oldest ends
  std::size_t unheard_bytes = 0;  ///< that one of them may have sent
  std::size_t per_key = 0;        ///< connections of one key: the oldest ends
  std::size_t subscriptions = 0;  ///< of one connection of an xpub; 0: not counted
  int queued_in = 0;              ///< messages of one peer that wait to be handled
  int queued_out = 0;             ///< messages that wait for one peer: more are dropped
};

class PeerConnections {
 public:
  using Clock = std::chrono::steady_clock;
  /// @param exempt  a key without a bound on its connections: the site's own
  PeerConnections(PeerLimits limits, std::string exempt) : limits_(limits), exempt_(std::move(exempt)) {}

  void accepted(int fd);
  void disconnected(int fd);
  /// The process has no descriptor left for another one.
  void accept_failed();
  /// A message has come. Cheap to call for each.
  void heard(int fd, const std::string& key);
  /// An xpub's: a topic was subscribed, or no longer is.
  void subscribed(int fd, bool more);
  /// Often: looks at what the unheard ones have sent.
  void look();

  bool any_unheard() const { return unheard_ > 0; }
  std::size_t size() const { return connections_.size(); }

 private:
  struct Connection {
    std::string peer;  ///< address and port, to know the descriptor again
    Clock::time_point since;
    bool heard = false;
    std::string key;
    std::size_t subscriptions = 0;
  };
  using Entry = std::map<int, Connection>::iterator;

  void end(Entry entry, const char* why);
  void end_oldest_unheard(const char* why);

  PeerLimits limits_;
  std::string exempt_;
  std::map<int, Connection> connections_;  ///< by descriptor
  std::size_t unheard_ = 0;
};

}  // namespace headrace::bus
