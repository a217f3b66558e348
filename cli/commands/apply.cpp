// SPDX-License-Identifier: Apache-2.0
// headrace apply: a checked configuration becomes the current one; every process switches.
#include <iostream>
#include <memory>
#include <stdexcept>

#include "cli/command.hpp"
#include "cli/configuration_file.hpp"
#include "cli/system_access.hpp"
#include "control/site.hpp"
#include "store/state/site.hpp"

namespace headrace::cli {
namespace {

struct Options {
  std::string path;
  SystemAccess control;
};

int apply(Options& o) {
  const auto checked = check_config(o.path);
  if (!checked.configuration) {
    std::cerr << "nothing was changed\n";
    return kWrongUsage;
  }
  auto& store = o.control.store();
  const auto before = store.read(store::config_version());
  const auto version = store.commit(control::apply(checked.files, checked.configuration->site()));
  if (!version) throw std::runtime_error("the configuration was refused: " + version.error().text);
  const bool same = before == *version;
  std::cout << "configuration " << version->value << (same ? " was current already: " : " is current: ")
            << summary(checked.configuration->site()) << "\n";
  return kGood;
}

void add(arguments::Command& program) {
  auto command = program.subcommand("apply", "make a configuration the current one of a running system");
  auto o = std::make_shared<Options>();
  command.positional("CONFIG", o->path, "headrace.lua").required();
  o->control.add_options(command);
  command.action([o] { return apply(*o); });
}

}  // namespace

extern const Command apply_command;
const Command apply_command{"apply", add};

}  // namespace headrace::cli
