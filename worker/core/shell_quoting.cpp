// SPDX-License-Identifier: Apache-2.0
#include "worker/core/shell_quoting.hpp"

#include <algorithm>
#include <cctype>
#include <string_view>

namespace headrace::worker {

std::string shell_quoted(const std::vector<std::string>& argv) {
  std::string out;
  for (const auto& word : argv) {
    if (!out.empty()) out += ' ';
    const bool safe = !word.empty() && std::all_of(word.begin(), word.end(), [](unsigned char c) {
      return std::isalnum(c) ||
             std::string_view("%+,-./:=@_").find(static_cast<char>(c)) != std::string_view::npos;
    });
    if (safe) {
      out += word;
      continue;
    }
    out += '\'';
    for (const char c : word) {
      if (c == '\'') {
        out += "'\"'\"'";
      } else {
        out += c;
      }
    }
    out += '\'';
  }
  return out;
}

}  // namespace headrace::worker
