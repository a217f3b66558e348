// SPDX-License-Identifier: Apache-2.0
// Splits Lua's text into tokens, to find the line of a field in it. The text is always one that Lua has
// accepted.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace headrace::config {

struct LuaToken {
  enum class Kind { name, string, number, symbol };
  Kind kind;
  std::string text;  ///< a string is given without its quotes, with the escapes as written
  int line;          ///< line at which the token begins, from 1

  bool is_name(std::string_view name) const { return kind == Kind::name && text == name; }
  /// +1 for a token that opens a bracket or a block, −1 for one that closes it, else 0.
  int opens() const;
};

std::vector<LuaToken> lua_tokens(std::string_view text);

}  // namespace headrace::config
