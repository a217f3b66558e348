// SPDX-License-Identifier: Apache-2.0
#include "service/settings.hpp"

#include <CLI/CLI.hpp>
#include <iostream>

namespace headrace::service {

Parsed parse_settings(int argc, char** argv, const std::string& program, const std::string& what,
                      const std::function<void(CLI::App&)>& extend) {
  Parsed out;
  auto& h = out.host;
  std::string redis = "tcp://127.0.0.1:6379", durability = "process";
  CLI::App app{what, program};
  app.set_version_flag("--version", HEADRACE_VERSION);
  app.add_option("--redis", redis, "unix:/path or tcp://[:password@]host:port")->envname("HEADRACE_REDIS")->capture_default_str();
  app.add_option("--prefix", h.store.prefix, "prefix of all keys, with its hash tag")
      ->envname("HEADRACE_PREFIX")
      ->capture_default_str();
  app.add_option("--durability", durability, "when a change counts as committed: process, machine or replica")
      ->envname("HEADRACE_DURABILITY")
      ->check(CLI::IsMember({"process", "machine", "replica"}))
      ->capture_default_str();
  app.add_option("--bus-publish", h.bus_publish, "ZeroMQ endpoint where the bus takes events")->envname("HEADRACE_BUS_PUBLISH");
  app.add_option("--bus-subscribe", h.bus_subscribe, "ZeroMQ endpoint where the bus gives events")
      ->envname("HEADRACE_BUS_SUBSCRIBE");
  app.add_option("--site-key", h.site_key, "file with the site's key pair, needed for tcp:// endpoints")
      ->envname("HEADRACE_SITE_KEY");
  app.add_option("--data", h.data, "directory for logs and history")->envname("HEADRACE_DATA");
  app.add_option("--status", h.status, "address of /healthz and /metrics, host:port or unix:/path")->envname("HEADRACE_STATUS");
  app.add_option("--log-level", h.log_level, "trace, debug, info, warn or error")
      ->envname("HEADRACE_LOG_LEVEL")
      ->check(CLI::IsMember({"trace", "debug", "info", "warn", "error"}))
      ->capture_default_str();
  app.add_option("--parent-fd", h.parent_fd, "descriptor of a pipe; this process ends with it")->envname("HEADRACE_PARENT_FD");
  if (extend) extend(app);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    out.exit_status = app.exit(e) == 0 ? 0 : 2;
    return out;
  }
  auto address = store::parse_address(redis);
  if (!address) {
    std::cerr << program << ": --redis: " << address.error().text << "\n";
    out.exit_status = 2;
    return out;
  }
  h.store.address = std::move(*address);
  h.store.durability = durability == "machine"   ? store::Durability::machine
                       : durability == "replica" ? store::Durability::replica
                                                 : store::Durability::process;
  return out;
}

}  // namespace headrace::service
