// SPDX-License-Identifier: Apache-2.0
// Commands and environment as a systemd unit says them.
#pragma once

#include <map>
#include <string>
#include <vector>

namespace headrace::test {

struct UnitFile {
  std::vector<std::string> command;                ///< of ExecStart
  std::map<std::string, std::string> environment;  ///< EnvironmentFile wins over Environment, as in systemd
  std::string runtime_directory;                   ///< below the runtime folder; "" : none
};

/// Where the unit's paths are in this test.
struct Places {
  std::string bin;      ///< for /usr/bin
  std::string etc;      ///< for /etc/headrace
  std::string state;    ///< for /var/lib and %S
  std::string runtime;  ///< for %t
};

/// Reads `path` as instance `instance` ("" for a plain unit). Throws std::runtime_error naming the file when
/// it has no ExecStart or uses a specifier that this reader does not know.
UnitFile read_unit(const std::string& path, const std::string& instance, const Places& places);

}  // namespace headrace::test
