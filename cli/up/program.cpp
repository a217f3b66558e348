// SPDX-License-Identifier: Apache-2.0
#include "cli/up/program.hpp"

namespace headrace::cli {
namespace {

// Settings go as flags, not as environment: a worker's environment is that of the steps it runs, and
// `ps` shows what each process was told.
Program service(const Layout& layout, const UpSettings& settings, const std::string& name,
                std::vector<std::string> more = {}) {
  Program p;
  p.name = name;
  p.status = layout.status_socket(name);
  p.argv = {layout.bin + "/headrace-" + name,
            "--redis",
            "unix:" + layout.redis_socket(),
            "--durability",
            settings.durability,
            "--bus-publish",
            layout.publish(),
            "--bus-subscribe",
            layout.subscribe(),
            "--site-key",
            layout.site_key(),
            "--data",
            layout.data,
            "--status",
            "unix:" + p.status,
            "--log-level",
            settings.log_level,
            "--parent-fd",
            "3"};
  p.argv.insert(p.argv.end(), more.begin(), more.end());
  return p;
}

}  // namespace

Program redis_program(const Layout& layout, const std::string& durability) {
  Program p;
  p.name = "redis";
  p.watches_parent = false;
  p.argv = {"redis-server", "--port", "0", "--unixsocket", layout.redis_socket(), "--unixsocketperm", "700",
            "--dir", layout.data + "/redis", "--appendonly", "yes", "--appendfsync",
            durability == "process" ? "everysec" : "always", "--save", "", "--latency-tracking", "no",
            // Its arguments stay readable, so that a later `up` knows it for its own.
            "--set-proc-title", "no"};
  return p;
}

std::vector<Program> service_programs(const Layout& layout, const UpSettings& settings,
                                      const Endpoints& endpoints) {
  return {
      service(
          layout, settings, "bus",
          {"--bind-publish", layout.publish(), "--bind-subscribe", layout.subscribe() + "," + endpoints.bus}),
      service(layout, settings, "web", {"--listen", endpoints.web}),
      service(layout, settings, "changesource", {"--intake", endpoints.intake}),
      service(layout, settings, "scheduler"),
      service(layout, settings, "dispatcher",
              {"--workers", layout.worker_endpoint() + "," + endpoints.workers, "--lease-ms",
               std::to_string(settings.lease_ms), "--heartbeat-ms", std::to_string(settings.heartbeat_ms)}),
      service(layout, settings, "notifier")};
}

Program worker_program(const Layout& layout, const UpSettings& settings, const std::string& worker) {
  const auto file = file_name_of(worker);
  Program p;
  p.name = "worker-" + file;
  p.status = layout.status_socket(p.name);
  p.umask = settings.umask;  // what its steps make is not ours
  p.argv = {layout.bin + "/headrace-worker",
            "--base-dir",
            layout.data + "/workers/" + file,
            "--token-file",
            layout.worker_token(file),
            "--status",
            "unix:" + p.status,
            "--log-level",
            settings.log_level,
            "--parent-fd",
            "3"};
  for (const auto& path : settings.of_site) p.argv.insert(p.argv.end(), {"--hide", path});
  return p;
}

}  // namespace headrace::cli
