// SPDX-License-Identifier: Apache-2.0
// What a worker tells about its machine, under Buildbot's names.
#pragma once

#include <map>
#include <string>

namespace headrace::worker::platform {

/// host, system ("posix"), numcpus, basedir, architecture, os_id, os_version_id … of os-release, and the
/// content of the files in `<base directory>/info` (admin, host, access_uri …).
std::map<std::string, std::string> facts(const std::string& base_directory);

}  // namespace headrace::worker::platform
