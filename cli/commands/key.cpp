// SPDX-License-Identifier: Apache-2.0
// headrace key new: the site's key pair, for services that run without `up`.
#include <CLI/CLI.hpp>
#include <iostream>
#include <memory>
#include <stdexcept>

#include "command.hpp"
#include "service/key_file.hpp"

namespace headrace::cli {

void add_key(CLI::App& app, Run& chosen) {
  auto* command = app.add_subcommand("key", "the site's key pair");
  command->require_subcommand(1);
  auto* made = command->add_subcommand("new", "make a key pair in a new file of mode 0600, print its public half");
  auto path = std::make_shared<std::string>();
  made->add_option("FILE", *path, "where to write it")->required();
  made->callback([path, &chosen] {
    chosen = [path] {
      const auto pair = service::make_key_file(*path);
      if (!pair) throw std::runtime_error(pair.error().text);
      std::cout << pair->public_key << "\n";
      return kGood;
    };
  });
}

}  // namespace headrace::cli
