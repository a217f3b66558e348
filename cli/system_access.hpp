// SPDX-License-Identifier: Apache-2.0
// How a command reaches a running system: through the data directory of `headrace up`, or, where the
// services run one by one, through Redis and the site's key.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "arguments/arguments.hpp"
#include "bus/socket.hpp"
#include "json/value.hpp"
#include "store/client.hpp"

namespace headrace::cli {

/// What `headrace up` writes to DATA/run/control for the other commands (mode 0600).
struct ControlFile {
  std::string redis;  ///< "unix:/…/redis.sock"
  std::string prefix;
  std::string durability;
  std::string site_key;       ///< file
  std::string web, intake;    ///< URLs without a trailing slash
  std::string workers, bus;   ///< tcp:// endpoints for other machines
  std::string bus_subscribe;  ///< endpoint for this machine
  std::string runtime;        ///< directory of the sockets

  json::Value to_json() const;
};
std::string control_path(const std::string& data);
/// Errors: not there, broken; each names the file.
[[nodiscard]] Result<ControlFile> read_control_file(const std::string& data);

/// The options --data, --redis, … of one command, and what they lead to.
class SystemAccess {
 public:
  void add_options(arguments::Command& command);

  /// The directory that was named, or the default.
  const std::string& data() const { return data_; }
  /// What `up` wrote; nothing when Redis was named instead. Throws when there is no running `up`.
  const std::optional<ControlFile>& file();
  store::Settings store_settings();
  /// Connects and loads the functions. Throws with words.
  store::BlockingClient& store();
  /// A new connection in place of a broken one; `up` may have been started anew meanwhile.
  store::BlockingClient& reconnect();
  /// Throws UsageError when there is no key to be had.
  bus::KeyPair site_key();
  /// The endpoint that was named or that `up` says; "" when neither.
  std::string bus_subscribe();
  /// URL of the REST API; "" when not known.
  std::string web();

 private:
  std::string data_ = "./headrace-data", redis_, prefix_ = "{headrace}:", durability_ = "process", site_key_,
              bus_subscribe_, web_;
  bool asked_ = false;
  std::optional<ControlFile> file_;
  std::unique_ptr<store::BlockingClient> store_;
};

}  // namespace headrace::cli
