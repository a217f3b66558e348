// SPDX-License-Identifier: Apache-2.0
// The mistakes of one evaluation, each of them once, and the search for the line of a field.
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
  /// Makes a file known. Problems are given file by file, in the order in which the files became known.
  void add_file(const std::string& name, const std::string& text);
  /// @param line  from 1; 0: the problem has no line
  void add(const std::string& file, int line, std::string text);

  bool empty() const { return problems_.empty(); }
  std::vector<Problem> in_order() const;

  /// Finds the line of a field in the text. Where the text does not show the field (the table comes from a
  /// variable), the result is the nearest line that was found, at worst that of the declaration.
  /// @param line  of the declaration, which begins with `word`
  int line_of(const std::string& file, int line, const std::string& word, const FieldPath& path) const;

 private:
  const std::vector<LuaToken>& tokens(const std::string& file) const;

  std::map<std::string, std::pair<int, std::string>> files_;  // name → order, text
  std::map<std::pair<std::pair<int, std::string>, int>, std::vector<std::string>> problems_;
  mutable std::map<std::string, std::vector<LuaToken>> tokens_;
};

std::string place(const std::string& file, int line);

}  // namespace headrace::config
