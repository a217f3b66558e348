// SPDX-License-Identifier: Apache-2.0
#include "changesource/settings.hpp"

#include <CLI/CLI.hpp>

namespace headrace::changesource {

void Settings::add_options(CLI::App& app) {
  app.add_option("--intake", intake, "address of the web hooks, host:port")->envname("HEADRACE_INTAKE")->capture_default_str();
}

}  // namespace headrace::changesource
