// SPDX-License-Identifier: Apache-2.0
// Between workers and dispatchers, as ZeroMQ does it: in order within a connection; when a connection
// breaks what is under way is lost, and the worker's next message comes from a new peer.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "simulation/environment.hpp"

namespace headrace::simulation {

class Network {
 public:
  Network(Environment& environment, std::size_t dispatchers) : env_(environment), dispatchers_(dispatchers) {}

  std::function<void(std::size_t dispatcher, const std::string& peer, const std::string& user,
                     const std::string& name, const std::string& body)>
      to_dispatcher;
  std::function<void(const std::string& worker, const std::string& name, const std::string& body)> to_worker;
  /// The worker is told that its connection broke; not every time, as with a machine that just falls silent.
  std::function<void(const std::string& worker)> disconnected;

  /// A new socket of the worker, to any dispatcher; the old one is closed.
  void connect(const std::string& worker);
  void close(const std::string& worker);
  void send_up(const std::string& worker, const std::string& name, std::string body);
  void send_down(std::size_t dispatcher, const std::string& peer, const std::string& name, std::string body);

  void break_connection(const std::string& worker);
  void break_all_of(std::size_t dispatcher);
  /// Nothing gets through between the two for a while; it is late then, not lost.
  void partition(const std::string& worker, std::size_t dispatcher, milliseconds time);

 private:
  struct Connection {
    std::size_t dispatcher = 0;
    std::string peer;
    MonoTime last_up{}, last_down{};
  };
  MonoTime arrival(const std::string& worker, std::size_t dispatcher, MonoTime after);

  Environment& env_;
  std::size_t dispatchers_;
  std::map<std::string, Connection> connections_;  ///< the open one of each worker
  std::map<std::pair<std::string, std::size_t>, MonoTime> partitions_;
};

}  // namespace headrace::simulation
