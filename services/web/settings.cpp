// SPDX-License-Identifier: Apache-2.0
#include "web/settings.hpp"

namespace headrace::web {

void Settings::add_options(arguments::Command& command) {
  command.option("--listen", listen, "address of the page and the API, host:port or unix:/path")
      .env("HEADRACE_WEB")
      .show_default();
  command
      .option("--history", history,
              "SQLite file of the history, one per process; default <data>/web/history.sqlite")
      .env("HEADRACE_HISTORY");
}

}  // namespace headrace::web
