// SPDX-License-Identifier: Apache-2.0
// headrace check: every mistake of a configuration, with its place.
#include <iostream>
#include <memory>

#include "cli/command.hpp"
#include "cli/configuration_file.hpp"

namespace headrace::cli {

namespace {

void add(arguments::Command& program) {
  auto command =
      program.subcommand("check", "find every mistake in a configuration (exit status 2 when there is one)");
  auto path = std::make_shared<std::string>();
  command.positional("CONFIG", *path, "headrace.lua").required();
  command.action([path] {
    const auto checked = check_config(*path);
    if (!checked.configuration) return kWrongUsage;
    std::cout << *path << " is good: " << summary(checked.configuration->site()) << "\n";
    return kGood;
  });
}

}  // namespace

extern const Command check_command;
const Command check_command{"check", add};

}  // namespace headrace::cli
