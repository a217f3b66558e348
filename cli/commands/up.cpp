// SPDX-License-Identifier: Apache-2.0
// headrace up: everything on one machine, from one configuration.
#include <filesystem>
#include <memory>

#include "cli/command.hpp"
#include "cli/up/data_directory.hpp"
#include "cli/up/port.hpp"
#include "cli/up/supervisor.hpp"
#include "process/private_files.hpp"
#include "spawn/spawn.hpp"

namespace headrace::cli {
namespace {

// What isolated steps of embedded workers must not reach.
std::vector<std::string> of_site(const Layout& layout, const std::string& config,
                                 const config::Files& files) {
  std::vector<std::string> out = {layout.data, layout.runtime};
  const auto folder = std::filesystem::absolute(config).parent_path();
  for (const auto& [name, text] : files.texts) out.push_back((folder / name).lexically_normal().string());
  return out;
}

int up(UpSettings& settings) {
  auto checked = check_config(settings.config);
  if (!checked.configuration) return kWrongUsage;
  settings.umask = process::make_files_private();
  DataDirectory data(settings.data);
  data.end_leftovers();  // they may still hold the ports
  const ReservedPort web("--web", settings.web), intake("--intake", settings.intake),
      workers("--workers", settings.workers), bus("--bus", settings.bus);
  const Layout layout{data.path(), data.make_runtime_directory(), spawn::own_folder()};
  settings.of_site = of_site(layout, settings.config, checked.files);
  return Supervisor(settings, layout, {web.address(), intake.address(), workers.address(), bus.address()},
                    {web.advertised(), intake.advertised(), workers.advertised(), bus.advertised()},
                    std::move(checked))
      .run();
}

void add(arguments::Command& program) {
  auto command =
      program.subcommand("up", "run everything on this machine: Redis, the services, the embedded workers");
  command.footer(
      "Prints `headrace is up` when everything answers. Ctrl-C or SIGTERM stops all of it, SIGHUP applies "
      "CONFIG again.\n"
      "Port 0 means any free port; `headrace status` and DATA/run/control say which.");
  auto s = std::make_shared<UpSettings>();
  command.positional("CONFIG", s->config, "headrace.lua").required();
  command.option("--data", s->data, "directory of everything that is kept")
      .env("HEADRACE_DATA")
      .show_default();
  command.option("--web", s->web, "address of the page and the REST API").show_default();
  command.option("--intake", s->intake, "address of the web hooks").show_default();
  command.option("--workers", s->workers, "where workers of other machines connect").show_default();
  command.option("--bus", s->bus, "where subscribers of other machines connect").show_default();
  command.option("--lease-ms", s->lease_ms, "silence after which a worker is lost, milliseconds")
      .range(1'000, 3'600'000)
      .show_default();
  command.option("--heartbeat-ms", s->heartbeat_ms, "time between a worker's heartbeats, milliseconds")
      .range(100, 600'000)
      .show_default();
  command.option("--durability", s->durability, "machine: each commit is on disk; process: survives kill -9")
      .one_of({"machine", "process"})
      .show_default();
  command.option("--log-level", s->log_level, "of the services: trace, debug, info, warn or error")
      .one_of({"trace", "debug", "info", "warn", "error"})
      .show_default();
  command.flag("--verbose", s->verbose,
               "the services' own messages go to the terminal instead of to DATA/log");
  command.action([s] { return up(*s); });
}

}  // namespace

extern const Command up_command;
const Command up_command{"up", add};

}  // namespace headrace::cli
