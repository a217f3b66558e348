// SPDX-License-Identifier: Apache-2.0
#include "support/redis_server.hpp"

#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <stdexcept>
#include <thread>

#include "store/client.hpp"
#include "store/state/site.hpp"

extern char** environ;

namespace headrace::test {

RedisServer::RedisServer(std::vector<std::string> arguments) : arguments_(std::move(arguments)) {
  char name[] = "/tmp/hr-redis-XXXXXX";
  if (!mkdtemp(name)) throw std::runtime_error("mkdtemp");
  directory_ = name;
  start();
}

RedisServer::~RedisServer() {
  kill();
  std::error_code ignored;
  std::filesystem::remove_all(directory_, ignored);
}

void RedisServer::kill() {
  if (!pid_) return;
  ::kill(pid_, SIGKILL);
  waitpid(pid_, nullptr, 0);
  pid_ = 0;
}

void RedisServer::start() {
  std::vector<std::string> words = {"redis-server",
                                    "--port",
                                    "0",
                                    "--unixsocket",
                                    directory_ + "/redis.sock",
                                    "--dir",
                                    directory_,
                                    "--save",
                                    "",
                                    "--appendonly",
                                    "yes",
                                    "--appendfsync",
                                    "everysec",
                                    "--logfile",
                                    directory_ + "/redis.log"};
  words.insert(words.end(), arguments_.begin(), arguments_.end());
  std::vector<char*> argv;
  for (auto& w : words) argv.push_back(w.data());
  argv.push_back(nullptr);
  if (posix_spawnp(&pid_, "redis-server", nullptr, nullptr, argv.data(), environ) != 0)
    throw std::runtime_error("cannot start redis-server");
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (true) {
    try {
      store::BlockingClient client({*store::parse_address(address())});
      client.read(store::last_ids());  // throws while Redis loads its files
      return;
    } catch (const std::runtime_error&) {
      if (std::chrono::steady_clock::now() > end) throw;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
}

}  // namespace headrace::test
