// SPDX-License-Identifier: Apache-2.0
// headrace key new: the site's key pair, for services that run without `up`.
#include <iostream>
#include <memory>
#include <stdexcept>

#include "cli/command.hpp"
#include "service/key_file.hpp"

namespace headrace::cli {

namespace {

void add(arguments::Command& program) {
  auto command = program.subcommand("key", "the site's key pair");
  auto made = command.subcommand("new", "make a key pair in a new file of mode 0600, print its public half");
  auto path = std::make_shared<std::string>();
  made.positional("FILE", *path, "where to write it").required();
  made.action([path] {
    const auto pair = service::make_key_file(*path);
    if (!pair) throw std::runtime_error(pair.error().text);
    std::cout << pair->public_key << "\n";
    return kGood;
  });
}

}  // namespace

extern const Command key_command;
const Command key_command{"key", add};

}  // namespace headrace::cli
