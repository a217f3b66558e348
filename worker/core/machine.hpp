// SPDX-License-Identifier: Apache-2.0
// What the core knows of the machine that it runs on; set once.
#pragma once

#include <map>
#include <string>

namespace headrace::worker {

struct Machine {
  std::string base_directory;                      ///< absolute; builds have their directories below
  std::map<std::string, std::string> environment;  ///< that commands inherit, without the worker's secrets
  std::map<std::string, std::string> facts;        ///< host, system, numcpus …: %(worker:host)s
};

}  // namespace headrace::worker
