// SPDX-License-Identifier: Apache-2.0
#include "worker/platform/facts.hpp"

#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <thread>

namespace headrace::worker::platform {
namespace {

constexpr std::size_t kMaxFact = 4096;

std::string unquoted(std::string s) {
  if (s.size() >= 2 && (s[0] == '"' || s[0] == '\'') && s.back() == s[0]) s = s.substr(1, s.size() - 2);
  return s;
}

void read_os_release(std::map<std::string, std::string>& out) {
  std::ifstream file("/etc/os-release");
  if (!file) file.open("/usr/lib/os-release");
  for (std::string line; std::getline(file, line);) {
    const auto equals = line.find('=');
    if (equals == std::string::npos || line[0] == '#') continue;
    std::string name = line.substr(0, equals);
    if (name != "ID" && name != "ID_LIKE" && name != "NAME" && name != "PRETTY_NAME" && name != "VERSION" &&
        name != "VERSION_ID" && name != "VERSION_CODENAME")
      continue;
    std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) { return std::tolower(c); });
    out["os_" + name] = unquoted(line.substr(equals + 1));
  }
}

}  // namespace

std::map<std::string, std::string> facts(const std::string& base_directory) {
  std::map<std::string, std::string> out;
  utsname name{};
  uname(&name);
  out["host"] = name.nodename;
  out["system"] = "posix";
  out["kernel"] = std::string(name.sysname) + " " + name.release;
  out["architecture"] = name.machine;
  out["numcpus"] = std::to_string(std::max(1u, std::thread::hardware_concurrency()));
  out["basedir"] = base_directory;
  read_os_release(out);
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(base_directory + "/info", error)) {
    if (!entry.is_regular_file(error)) continue;
    std::ifstream file(entry.path());
    std::string text((std::istreambuf_iterator<char>(file)), {});
    while (!text.empty() && std::isspace(static_cast<unsigned char>(text.back()))) text.pop_back();
    out[entry.path().filename().string()] = text.substr(0, kMaxFact);
  }
  return out;
}

}  // namespace headrace::worker::platform
