// SPDX-License-Identifier: Apache-2.0
// headrace up: everything on one machine, from one configuration.
#include <CLI/CLI.hpp>
#include <memory>

#include "command.hpp"
#include "spawn/spawn.hpp"
#include "up/data_directory.hpp"
#include "up/port.hpp"
#include "up/supervisor.hpp"

namespace headrace::cli {
namespace {

int up(UpSettings& settings) {
  auto checked = check_config(settings.config);
  if (!checked.configuration) return kWrongUsage;
  DataDirectory data(settings.data);
  data.end_leftovers();  // they may still hold the ports
  const ReservedPort web("--web", settings.web), intake("--intake", settings.intake), workers("--workers", settings.workers),
      bus("--bus", settings.bus);
  const Layout layout{data.path(), data.make_runtime_directory(), spawn::own_folder()};
  return Supervisor(settings, layout, {web.address(), intake.address(), workers.address(), bus.address()},
                    {web.advertised(), intake.advertised(), workers.advertised(), bus.advertised()}, std::move(checked))
      .run();
}

}  // namespace

void add_up(CLI::App& app, Run& chosen) {
  auto* command = app.add_subcommand("up", "run everything on this machine: Redis, the services, the embedded workers");
  command->footer(
      "Prints `headrace is up` when everything answers. Ctrl-C or SIGTERM stops all of it, SIGHUP applies CONFIG again.\n"
      "Port 0 means any free port; `headrace status` and DATA/run/control say which.");
  auto s = std::make_shared<UpSettings>();
  command->add_option("CONFIG", s->config, "headrace.lua")->required();
  command->add_option("--data", s->data, "directory of everything that is kept")->envname("HEADRACE_DATA")->capture_default_str();
  command->add_option("--web", s->web, "address of the page and the REST API")->capture_default_str();
  command->add_option("--intake", s->intake, "address of the web hooks")->capture_default_str();
  command->add_option("--workers", s->workers, "where workers of other machines connect")->capture_default_str();
  command->add_option("--bus", s->bus, "where subscribers of other machines connect")->capture_default_str();
  command->add_option("--lease-ms", s->lease_ms, "silence after which a worker is lost, milliseconds")
      ->check(CLI::Range(1'000, 3'600'000))
      ->capture_default_str();
  command->add_option("--heartbeat-ms", s->heartbeat_ms, "time between a worker's heartbeats, milliseconds")
      ->check(CLI::Range(100, 600'000))
      ->capture_default_str();
  command->add_option("--durability", s->durability, "machine: each commit is on disk; process: survives kill -9")
      ->check(CLI::IsMember({"machine", "process"}))
      ->capture_default_str();
  command->add_option("--log-level", s->log_level, "of the services: trace, debug, info, warn or error")
      ->check(CLI::IsMember({"trace", "debug", "info", "warn", "error"}))
      ->capture_default_str();
  command->add_flag("--verbose", s->verbose, "the services' own messages go to the terminal instead of to DATA/log");
  command->callback([s, &chosen] { chosen = [s] { return up(*s); }; });
}

}  // namespace headrace::cli
