// SPDX-License-Identifier: Apache-2.0
// Lua's text as tokens, to find the line of a field in it. Text that Lua itself refused is never asked.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace headrace::config {

struct LuaToken {
  enum class Kind { name, string, number, symbol };
  Kind kind;
  std::string text;  ///< of a string: between its quotes, escapes as written
  int line;          ///< where it begins, from 1

  bool is_name(std::string_view name) const { return kind == Kind::name && text == name; }
  /// +1 for what opens a bracket or a block, −1 for what closes one, else 0.
  int opens() const;
};

std::vector<LuaToken> lua_tokens(std::string_view text);

}  // namespace headrace::config
