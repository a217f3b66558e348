// SPDX-License-Identifier: Apache-2.0
// What the grammar has collected, out of Lua.
#pragma once

#include "config/declarations.hpp"

struct lua_State;

namespace headrace::config {

/// Reads the table `collected` of grammar.lua at the top of the stack. Functions are numbered in the
/// order in which they are met: declarations as made, fields by name.
Declarations read_declarations(lua_State* lua);

}  // namespace headrace::config
