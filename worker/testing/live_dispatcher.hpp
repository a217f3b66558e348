// SPDX-License-Identifier: Apache-2.0
// A fake dispatcher on a real ZeroMQ socket with CURVE, and the real worker binary beside it.
#pragma once

#include <sys/types.h>

#include <boost/asio/io_context.hpp>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "bus/socket.hpp"
#include "worker/testing/fake_server.hpp"

namespace headrace::worker::testing {

class LiveDispatcher {
 public:
  LiveDispatcher();
  ~LiveDispatcher();

  FakeServer server;
  std::string folder;  ///< temporary; the worker's base directory is folder + "/w"

  /// Starts headrace-worker. @return its process id
  /// @param parent  becomes descriptor 3 of the worker, when not negative
  pid_t start_worker(const std::vector<std::string>& more_arguments = {}, int parent = -1);
  /// The token that start_worker uses, with another key when `wrong`.
  std::string token(bool wrong = false) const;
  /// Its exit status when it ended (128 + signal when killed); waits at most `limit`.
  int wait_for_worker(pid_t pid, std::chrono::milliseconds limit = std::chrono::seconds(10));
  /// What the workers wrote on stderr so far.
  std::string worker_log() const;

  bool run_until(const std::function<bool()>& done,
                 std::chrono::milliseconds limit = std::chrono::seconds(20));
  void run_for(std::chrono::milliseconds time);
  /// The socket goes away, and what was under way with it; `listen` brings it back.
  void hang_up();
  void listen();

 private:
  void send(std::vector<FakeServer::Reply> replies);

  boost::asio::io_context io_;
  bus::Context context_;
  bus::KeyPair server_key_ = bus::new_key_pair();
  bus::KeyPair worker_key_ = bus::new_key_pair();
  std::unique_ptr<bus::Socket> socket_;
  std::string peer_;
  std::vector<pid_t> workers_;
};

}  // namespace headrace::worker::testing
