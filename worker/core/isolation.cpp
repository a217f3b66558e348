// SPDX-License-Identifier: Apache-2.0
#include "worker/core/isolation.hpp"

#include <algorithm>
#include <cctype>

#include "git/address.hpp"

namespace headrace::worker {
namespace {

constexpr std::string_view kSecretWords[] = {"TOKEN",      "SECRET",      "PASSWORD", "PASSWD", "PASSPHRASE",
                                             "CREDENTIAL", "PRIVATE_KEY", "API_KEY",  "APIKEY", "ACCESS_KEY"};
constexpr std::string_view kDoors[] = {"SSH_AUTH_SOCK",   "SSH_AGENT_PID",
                                       "GPG_AGENT_INFO",  "DBUS_SESSION_BUS_ADDRESS",
                                       "XDG_RUNTIME_DIR", "DOCKER_HOST"};

bool seems_secret(std::string name, const std::string& value) {
  std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) { return std::toupper(c); });
  for (const auto word : kSecretWords)
    if (name.find(word) != std::string::npos) return true;
  for (const auto door : kDoors)
    if (name == door) return true;
  if (name.ends_with("_AUTH")) return true;
  // An address with a password, but a proxy's: no program reaches anything without that.
  return !name.ends_with("_PROXY") && git::without_passwords(value) != value;
}

std::string at_home(const std::string& path, const Environment& machine) {
  if (path != "~" && !path.starts_with("~/")) return path;
  const auto home = machine.find("HOME");
  return home == machine.end() ? path : home->second + path.substr(1);
}

bool reaches(const std::vector<std::string>& places, const std::string& path) {
  return std::any_of(places.begin(), places.end(), [&](std::string place) {
    while (place.size() > 1 && place.ends_with('/')) place.pop_back();
    return place == path || place == "/" || path.starts_with(place + "/");
  });
}

}  // namespace

std::string settle_isolation(wire::Isolation& wanted, const Machine& machine) {
  if (wanted.mode == "none") return "";
  if (wanted.mode != "process")
    return "this worker (version " HEADRACE_VERSION ") does not know isolation = \"" + wanted.mode + "\"";
  if (wanted.preferred && !(machine.isolation_obstacle.empty() && machine.isolation_caveat.empty())) {
    wanted.mode = "none";
    return "";
  }
  if (machine.isolation_obstacle.empty()) return "";
  return "isolation = \"process\" is not possible: " + machine.isolation_obstacle;
}

std::optional<Isolation> isolation_of(const wire::Isolation& wanted, const std::string& build_directory,
                                      const Environment& machine, bool own) {
  if (wanted.mode != "process") return std::nullopt;
  Isolation out;
  out.build_directory = build_directory;
  out.own = own;
  for (const auto& path : wanted.readable) out.readable.push_back(at_home(path, machine));
  for (const auto& path : wanted.writable) out.writable.push_back(at_home(path, machine));
  return out;
}

Environment isolated_environment(const Environment& machine, const Isolation& isolation) {
  if (isolation.own) return machine;
  Environment out;
  for (const auto& [name, value] : machine)
    if (!seems_secret(name, value)) out[name] = value;
  const auto home = out.find("HOME");
  if (home != out.end() && !reaches(isolation.readable, home->second) &&
      !reaches(isolation.writable, home->second))
    home->second = isolation.build_directory + "/.home";
  return out;
}

}  // namespace headrace::worker
