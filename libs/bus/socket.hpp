// SPDX-License-Identifier: Apache-2.0
// ZeroMQ sockets on the service's loop. zmq.hpp stays behind this header.
//
// Thread rule: a Context may be shared, a Socket belongs to the loop's thread for life.
#pragma once

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "bus/peer_connections.hpp"

namespace headrace::bus {

using Frames = std::vector<std::string>;

/// A CURVE key pair, Z85 text of 40 characters each.
struct KeyPair {
  std::string public_key;
  std::string secret_key;
};
KeyPair new_key_pair();

/// What the ZAP handler is asked for every CURVE handshake.
/// @param domain      "worker", "publish" or "subscribe"
/// @param public_key  Z85 of the peer's key
/// @param answer      to be called once, now or later, with whether the key is allowed; the other
///                    handshakes wait meanwhile. Every message of the peer carries its key as `user`.
using Authenticator = std::function<void(const std::string& domain, const std::string& public_key,
                                         std::function<void(bool allowed)> answer)>;

/// One ZeroMQ context with one I/O thread, and its ZAP handler.
class Context {
 public:
  Context();
  ~Context();
  /// Answers handshakes on the loop; call before binding any socket with a domain. Until the first call of
  /// answer_handshakes they wait (libzmq gives them 10 s): nobody is sent away because keys are still read.
  void authenticate(boost::asio::io_context& io, Authenticator authenticator);
  void answer_handshakes();

 private:
  friend class Socket;
  struct Impl;
  std::shared_ptr<Impl> impl_;  // shared with answers that are still owed
};

enum class SocketType { dealer, router, pub, sub, xpub, xsub };

/// A message as it arrived. For a router `peer` is the routing id and `user` the key that was allowed.
struct Message {
  std::string peer;
  std::string user;
  Frames frames;
};

class Socket {
 public:
  Socket(boost::asio::io_context& io, Context& context, SocketType type);
  ~Socket();
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;

  /// The server side of CURVE; call before bind.
  void secure_server(const KeyPair& own, const std::string& domain);
  /// The client side of CURVE; call before connect.
  void secure_client(const KeyPair& own, const std::string& server_public_key);

  /// Bounds what peers may send and hold, and how many they are; call before bind, for a socket that
  /// strangers reach.
  /// @param own_key  public key of the site: the number of its connections has no bound
  void bound_peers(const PeerLimits& limits, const std::string& own_key);

  /// Throws std::runtime_error naming the endpoint ("tcp://127.0.0.1:9989", "ipc:///run/x").
  void bind(const std::string& endpoint);
  void connect(const std::string& endpoint);
  /// The endpoint really bound ("tcp://127.0.0.1:0" gets a port).
  std::string last_endpoint() const;

  void subscribe(const std::string& topic_prefix);  ///< sub only
  /// Lets what arrives lie for `time` and then takes all of it, for readers to whom a few milliseconds are
  /// nothing and who would only be in the way of others; call before bind and connect. 0 (default): at once.
  void gather(std::chrono::milliseconds time);

  /// Called from the loop for each message that arrives.
  void on_message(std::function<void(Message)> callback);
  /// Called from the loop after a run of messages has been delivered (a batch ends here).
  void on_drained(std::function<void()> callback);
  /// Called from the loop when an established connection has broken, as the kernel says it: a process that
  /// died, not a machine that fell silent. The socket connects again by itself. Call before connect.
  void on_disconnected(std::function<void()> callback);

  /// Never blocks. @return false when the message was dropped (no such peer, high-water mark).
  bool send(const Frames& frames);
  bool send_to(const std::string& peer, const Frames& frames);  ///< router

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

/// Runs an XSUB → XPUB forwarder between two bound sockets on the loop.
/// @param seen  called for each message
/// @param max_bytes  a larger message goes to nobody: a queue for a peer that does not read holds many
void forward(Socket& xsub, Socket& xpub, std::function<void(const Frames&)> seen = {},
             std::size_t max_bytes = SIZE_MAX);

}  // namespace headrace::bus
