// SPDX-License-Identifier: Apache-2.0
// Values between Lua and C++: JSON in and out.
#pragma once

#include <lua.hpp>
#include <optional>

#include "config/declarations.hpp"
#include "json/value.hpp"

namespace headrace::config {

/// The string or number at `index`, as text; "" when it is neither.
std::string text_at(lua_State* lua, int index);

/// The nil, boolean, number or string at the top of the stack as a node; nothing when the value has another
/// type.
std::optional<Node> plain_node(lua_State* lua);

/// Pushes a value. Null becomes `native.null`, a light userdata.
/// @param list_mark     registry reference of the metatable that lists get; 0: none
/// @param nil_for_null  true: the null members of objects are left out
void push_json(lua_State* lua, const json::Value& value, int list_mark, bool nil_for_null);

/// The value at the top of the stack as JSON. Errors: the value has no JSON form (functions, mixed keys,
/// cycles, numbers that are not finite).
/// @param views  registry reference of the table view → data of guard.lua
[[nodiscard]] Result<json::Value> read_json(lua_State* lua, int views);

}  // namespace headrace::config
