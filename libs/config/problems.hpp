// SPDX-License-Identifier: Apache-2.0
// The mistakes of one evaluation, each once, and where in the text a field stands.
#pragma once

#include <map>
#include <set>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "config/configuration.hpp"
#include "config/lua_tokens.hpp"

namespace headrace::config {

/// A way from a declaration into its fields: names, and positions in lists from 1.
using FieldPath = std::vector<std::variant<std::string, int>>;

class Problems {
 public:
  /// Files sort in the order in which they became known.
  void add_file(const std::string& name, const std::string& text);
  /// @param line  from 1; 0: the file alone
  void add(const std::string& file, int line, std::string text);

  bool empty() const { return problems_.empty(); }
  std::vector<Problem> in_order() const;

  /// The line of a field of the declaration of `word` that begins at `line`: looks through the text for
  /// the table after it. Where that leads nowhere (a table from a variable), the nearest line that was
  /// found, at worst the declaration's.
  int line_of(const std::string& file, int line, const std::string& word, const FieldPath& path) const;

 private:
  const std::vector<LuaToken>& tokens(const std::string& file) const;

  std::map<std::string, std::pair<int, std::string>> files_;  // name → order, text
  std::map<std::pair<std::pair<int, std::string>, int>, std::vector<std::string>> problems_;
  mutable std::map<std::string, std::vector<LuaToken>> tokens_;
};

std::string place(const std::string& file, int line);

}  // namespace headrace::config
