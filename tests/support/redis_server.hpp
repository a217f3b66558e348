// SPDX-License-Identifier: Apache-2.0
// A private redis-server on a unix socket in a new temporary directory, for tests.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

namespace headrace::test {

class RedisServer {
 public:
  /// Starts it and waits until it answers. @param arguments  more command-line words
  explicit RedisServer(std::vector<std::string> arguments = {});
  ~RedisServer();
  RedisServer(const RedisServer&) = delete;

  std::string address() const { return "unix:" + directory_ + "/redis.sock"; }
  const std::string& directory() const { return directory_; }
  pid_t pid() const { return pid_; }

  void kill();   ///< SIGKILL; the files stay
  void start();  ///< again, on the same files

 private:
  std::string directory_;
  std::vector<std::string> arguments_;
  pid_t pid_ = 0;
};

}  // namespace headrace::test
