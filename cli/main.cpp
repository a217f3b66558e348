// SPDX-License-Identifier: Apache-2.0
// headrace: the command for everything a person does at a terminal.
#include <CLI/CLI.hpp>
#include <iostream>

#include "command.hpp"

int main(int argc, char** argv) {
  using namespace headrace::cli;
  CLI::App app{"Headrace: continuous integration as small processes.", "headrace"};
  app.set_version_flag("--version", "headrace " HEADRACE_VERSION);
  app.require_subcommand(1);
  Run chosen;
  for (const auto add : {add_up, add_check, add_apply, add_force, add_stop, add_sendchange, add_status, add_log, add_events,
                         add_worker, add_subscriber, add_key})
    add(app, chosen);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    return app.exit(e) == 0 ? kGood : kWrongUsage;
  }
  try {
    return chosen();
  } catch (const UsageError& e) {
    std::cerr << "headrace: " << e.what() << "\n";
    return kWrongUsage;
  } catch (const std::exception& e) {
    std::cerr << "headrace: " << e.what() << "\n";
    return kFailed;
  }
}
