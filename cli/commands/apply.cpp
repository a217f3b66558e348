// SPDX-License-Identifier: Apache-2.0
// headrace apply: a checked configuration becomes the current one; every process switches.
#include <iostream>
#include <memory>
#include <stdexcept>

#include "cli/command.hpp"
#include "cli/configuration_file.hpp"
#include "cli/control.hpp"
#include "wire/codec.hpp"

namespace headrace::cli {
namespace {

struct Options {
  std::string path;
  Control control;
};

int apply(Options& o) {
  const auto checked = check_config(o.path);
  if (!checked.configuration) {
    std::cerr << "nothing was changed\n";
    return kWrongUsage;
  }
  auto& store = o.control.store();
  const auto before = store.command({"HGET", store.keys()("config"), "version"}).text;
  const auto reply = store.call(apply_call(checked));
  if (!reply.ok) throw std::runtime_error("the configuration was refused: " + reply.refusal);
  const auto value = wire::decode_value(reply.value);
  const auto version = value && value->is_array() ? value->as_array().at(0).int_or(0) : 0;
  const bool same = before == std::to_string(version);
  std::cout << "configuration " << version << (same ? " was current already: " : " is current: ")
            << summary(checked.configuration->site()) << "\n";
  return kGood;
}

}  // namespace

void add_apply(arguments::Command& program) {
  auto command = program.subcommand("apply", "make a configuration the current one of a running system");
  auto o = std::make_shared<Options>();
  command.positional("CONFIG", o->path, "headrace.lua").required();
  o->control.add_options(command);
  command.action([o] { return apply(*o); });
}

}  // namespace headrace::cli
