// SPDX-License-Identifier: Apache-2.0
// Reads the declarations that the grammar has collected, out of Lua.
#pragma once

#include "config/declarations.hpp"

struct lua_State;

namespace headrace::config {

/// Reads the table `collected` of grammar.lua, which is at the top of the stack. Functions are numbered in
/// the order in which they are met: declarations in the order of the text, fields in the order of their
/// names.
Declarations read_declarations(lua_State* lua);

}  // namespace headrace::config
