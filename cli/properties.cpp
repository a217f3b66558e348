// SPDX-License-Identifier: Apache-2.0
#include "cli/properties.hpp"

#include <pwd.h>
#include <unistd.h>

#include <cstdlib>

#include "cli/command.hpp"

namespace headrace::cli {

Properties parse_properties(const std::vector<std::string>& words, const std::string& source) {
  Properties out;
  for (const auto& word : words) {
    const auto at = word.find('=');
    if (at == std::string::npos || at == 0)
      throw UsageError("--property '" + word + "': expected name=value");
    const auto text = word.substr(at + 1);
    // `true`, `17`, `["a"]` keep their type; whatever is no JSON is text, so nobody has to quote words.
    auto value = json::parse(text);
    out[word.substr(0, at)] = {value ? std::move(*value) : json::Value(text), source};
  }
  return out;
}

std::string user_name() {
  if (const char* user = std::getenv("USER"); user && *user) return user;
  if (const auto* entry = ::getpwuid(::getuid())) return entry->pw_name;
  return "uid " + std::to_string(::getuid());
}

}  // namespace headrace::cli
