// SPDX-License-Identifier: Apache-2.0
// What `headrace up` was told, and the paths that follow from it.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

namespace headrace::cli {

struct UpSettings {
  std::string config;
  std::string data = "./headrace-data";
  std::string web = "127.0.0.1:8010";
  std::string intake = "127.0.0.1:8011";
  std::string workers = "tcp://127.0.0.1:9989";
  std::string bus = "tcp://127.0.0.1:9802";
  std::string durability = "machine";
  int lease_ms = 30'000;     ///< of a worker: without a word for this long its builds are given away
  int heartbeat_ms = 5'000;  ///< that workers are asked to keep
  std::string log_level = "info";
  mode_t umask = 022;                ///< that `up` was started with: of what steps make
  std::vector<std::string> of_site;  ///< that isolated steps must not reach: data, sockets, the configuration
  bool verbose = false;              ///< children write to the terminal instead of to DATA/log
};

/// Names of everything below the data directory and in the runtime directory.
struct Layout {
  std::string data;     ///< absolute
  std::string runtime;  ///< short: paths of unix sockets end at 107 bytes
  std::string bin;      ///< where the programs are

  std::string pid_file(const std::string& name) const { return data + "/run/" + name + ".pid"; }
  std::string log_file(const std::string& name) const { return data + "/log/" + name + ".log"; }
  std::string site_key() const { return data + "/keys/site.key"; }
  std::string worker_key(const std::string& name) const { return data + "/keys/worker-" + name + ".key"; }
  std::string worker_token(const std::string& name) const { return runtime + "/worker-" + name + ".token"; }
  std::string redis_socket() const { return runtime + "/redis.sock"; }
  std::string status_socket(const std::string& name) const { return runtime + "/status." + name + ".sock"; }
  std::string publish() const { return "ipc://" + runtime + "/publish"; }
  std::string subscribe() const { return "ipc://" + runtime + "/subscribe"; }
  std::string worker_endpoint() const { return "ipc://" + runtime + "/workers"; }
};

/// A worker's name as part of a file name: letters, digits, `.`, `_` and `-` stay, other bytes are %XX.
std::string file_name_of(const std::string& worker);

}  // namespace headrace::cli
