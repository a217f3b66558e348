// SPDX-License-Identifier: Apache-2.0
// What the intake needs beside what every service needs.
#pragma once

#include <string>

#include "arguments/arguments.hpp"

namespace headrace::changesource {

struct Settings {
  std::string intake = "127.0.0.1:8011";  ///< where web hooks are posted
  void add_options(arguments::Command& command);
};

}  // namespace headrace::changesource
