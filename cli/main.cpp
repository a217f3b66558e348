// SPDX-License-Identifier: Apache-2.0
// headrace: the command for everything a person does at a terminal.
#include <iostream>

#include "cli/command.hpp"

int main(int argc, char** argv) {
  using namespace headrace::cli;
  headrace::arguments::Program program("headrace", "Headrace: continuous integration as small processes.",
                                       "headrace " HEADRACE_VERSION);
  for (const auto* command : commands()) command->add(program);
  if (const auto status = program.parse(argc, argv)) return *status;
  try {
    return program.run();
  } catch (const UsageError& e) {
    std::cerr << "headrace: " << e.what() << "\n";
    return kWrongUsage;
  } catch (const std::exception& e) {
    std::cerr << "headrace: " << e.what() << "\n";
    return kFailed;
  }
}
