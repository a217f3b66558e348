// SPDX-License-Identifier: Apache-2.0
#include "changesource/settings.hpp"

namespace headrace::changesource {

void Settings::add_options(arguments::Command& command) {
  command.option("--intake", intake, "address of the web hooks, host:port")
      .env("HEADRACE_INTAKE")
      .show_default();
}

}  // namespace headrace::changesource
