// SPDX-License-Identifier: Apache-2.0
// The settings of a web process beside those that every service has.
#pragma once

#include <string>

#include "arguments/arguments.hpp"

namespace headrace::web {

struct Settings {
  std::string listen = "127.0.0.1:8010";  ///< of the page and the API: host:port or unix:/path
  std::string history;                    ///< SQLite file; "": <data>/web/history.sqlite

  void add_options(arguments::Command& command);
};

}  // namespace headrace::web
