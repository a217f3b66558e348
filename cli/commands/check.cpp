// SPDX-License-Identifier: Apache-2.0
// headrace check: every mistake of a configuration, with its place.
#include <CLI/CLI.hpp>
#include <iostream>
#include <memory>

#include "command.hpp"
#include "configuration_file.hpp"

namespace headrace::cli {

void add_check(CLI::App& app, Run& chosen) {
  auto* command = app.add_subcommand("check", "find every mistake in a configuration (exit status 2 when there is one)");
  auto path = std::make_shared<std::string>();
  command->add_option("CONFIG", *path, "headrace.lua")->required();
  command->callback([path, &chosen] {
    chosen = [path] {
      const auto checked = check_config(*path);
      if (!checked.configuration) return kWrongUsage;
      std::cout << *path << " is good: " << summary(checked.configuration->site()) << "\n";
      return kGood;
    };
  });
}

}  // namespace headrace::cli
