// SPDX-License-Identifier: Apache-2.0
#include "web/settings.hpp"

#include <CLI/CLI.hpp>

namespace headrace::web {

void Settings::add_options(CLI::App& app) {
  app.add_option("--listen", listen, "address of the page and the API, host:port or unix:/path")
      ->envname("HEADRACE_WEB")
      ->capture_default_str();
  app.add_option("--history", history,
                 "SQLite file of the history, one per process; default <data>/web/history.sqlite")
      ->envname("HEADRACE_HISTORY");
}

}  // namespace headrace::web
