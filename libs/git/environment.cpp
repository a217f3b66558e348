// SPDX-License-Identifier: Apache-2.0
#include "git/environment.hpp"

#include <charconv>
#include <utility>

namespace headrace::git {
namespace {

constexpr std::string_view kRepositoryVariables[] = {
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_ATTR_SOURCE",
    "GIT_CEILING_DIRECTORIES",
    "GIT_COMMON_DIR",
    "GIT_CONFIG",
    "GIT_CONFIG_PARAMETERS",
    "GIT_DEFAULT_HASH",
    "GIT_DEFAULT_REF_FORMAT",
    "GIT_DIR",
    "GIT_GLOB_PATHSPECS",
    "GIT_GRAFT_FILE",
    "GIT_ICASE_PATHSPECS",
    "GIT_IMPLICIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_INDEX_VERSION",
    "GIT_INTERNAL_SUPER_PREFIX",
    "GIT_LITERAL_PATHSPECS",
    "GIT_NAMESPACE",
    "GIT_NOGLOB_PATHSPECS",
    "GIT_NO_REPLACE_OBJECTS",
    "GIT_OBJECT_DIRECTORY",
    "GIT_PREFIX",
    "GIT_QUARANTINE_PATH",
    "GIT_REPLACE_REF_BASE",
    "GIT_SHALLOW_FILE",
    "GIT_WORK_TREE",
};

void configure(Environment& environment, std::string_view key, std::string_view value) {
  int count = 0;
  if (const auto it = environment.find("GIT_CONFIG_COUNT"); it != environment.end()) {
    const char* end = it->second.data() + it->second.size();
    if (auto [p, e] = std::from_chars(it->second.data(), end, count);
        e != std::errc{} || p != end || count < 0)
      count = 0;  // git would refuse to start
  }
  const auto number = std::to_string(count);
  environment["GIT_CONFIG_KEY_" + number] = key;
  environment["GIT_CONFIG_VALUE_" + number] = value;
  environment["GIT_CONFIG_COUNT"] = std::to_string(count + 1);
}

}  // namespace

std::span<const std::string_view> repository_variables() { return kRepositoryVariables; }

void forget_repository(Environment& environment) {
  for (const auto name : kRepositoryVariables) environment.erase(std::string(name));
}

void prepare(Environment& environment) {
  forget_repository(environment);
  environment.try_emplace("GIT_TERMINAL_PROMPT", "0");
  environment.try_emplace("GIT_SSH_COMMAND", "ssh -oBatchMode=yes");
  // What git leaves in the background is killed with what it leaves otherwise, and leaves half a pack.
  configure(environment, "gc.autoDetach", "false");
  configure(environment, "maintenance.autoDetach", "false");
  // The code of a build can write into its copy whatever git runs or believes. These words go above it.
  configure(environment, "core.hooksPath", "/dev/null");
  configure(environment, "core.fsmonitor", "false");
  configure(environment, "core.untrackedCache", "false");
  environment["GIT_NO_REPLACE_OBJECTS"] = "1";
}

}  // namespace headrace::git
