// SPDX-License-Identifier: Apache-2.0
#include "service/settings.hpp"

#include <iostream>

namespace headrace::service {

Parsed parse_settings(int argc, char** argv, const std::string& program, const std::string& what,
                      const std::function<void(arguments::Command&)>& extend) {
  Parsed out;
  auto& h = out.host;
  std::string redis = "tcp://127.0.0.1:6379", durability = "process";
  arguments::Program command(program, what, HEADRACE_VERSION);
  command.option("--redis", redis, "unix:/path or tcp://[:password@]host:port")
      .env("HEADRACE_REDIS")
      .show_default();
  command.option("--prefix", h.store.prefix, "prefix of all keys, with its hash tag")
      .env("HEADRACE_PREFIX")
      .show_default();
  command.option("--durability", durability, "when a change counts as committed: process, machine or replica")
      .env("HEADRACE_DURABILITY")
      .one_of({"process", "machine", "replica"})
      .show_default();
  command.option("--bus-publish", h.bus_publish, "ZeroMQ endpoint where the bus takes events")
      .env("HEADRACE_BUS_PUBLISH");
  command.option("--bus-subscribe", h.bus_subscribe, "ZeroMQ endpoint where the bus gives events")
      .env("HEADRACE_BUS_SUBSCRIBE");
  command.option("--site-key", h.site_key, "file with the site's key pair, needed for tcp:// endpoints")
      .env("HEADRACE_SITE_KEY");
  command.option("--data", h.data, "directory for logs and history").env("HEADRACE_DATA");
  command.option("--status", h.status, "address of /healthz and /metrics, host:port or unix:/path")
      .env("HEADRACE_STATUS");
  command.option("--log-level", h.log_level, "trace, debug, info, warn or error")
      .env("HEADRACE_LOG_LEVEL")
      .one_of({"trace", "debug", "info", "warn", "error"})
      .show_default();
  command.option("--parent-fd", h.parent_fd, "descriptor of a pipe; this process ends with it")
      .env("HEADRACE_PARENT_FD");
  if (extend) extend(command);
  out.exit_status = command.parse(argc, argv);
  if (out.exit_status) return out;
  auto address = store::parse_address(redis);
  if (!address) {
    std::cerr << program << ": --redis: " << address.error().text << "\n";
    out.exit_status = 2;
    return out;
  }
  h.store.address = std::move(*address);
  h.store.durability = store::durability_of(durability).value_or(store::Durability::process);
  return out;
}

}  // namespace headrace::service
