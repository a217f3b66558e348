// SPDX-License-Identifier: Apache-2.0
#include "config/lua_values.hpp"

#include <cmath>
#include <optional>

namespace headrace::config {
namespace {

constexpr int kMaxDepth = 100;

Result<json::Value> read(lua_State* lua, int views, int depth) {
  switch (lua_type(lua, -1)) {
    case LUA_TNIL:
      return json::Value();
    case LUA_TLIGHTUSERDATA:
      return json::Value();
    case LUA_TBOOLEAN:
      return json::Value(lua_toboolean(lua, -1) != 0);
    case LUA_TSTRING:
      return json::Value(text_at(lua, -1));
    case LUA_TNUMBER:
      if (lua_isinteger(lua, -1) != 0) return json::Value(static_cast<std::int64_t>(lua_tointeger(lua, -1)));
      if (!std::isfinite(lua_tonumber(lua, -1))) return fail("a number that is not finite");
      return json::Value(lua_tonumber(lua, -1));
    case LUA_TTABLE:
      break;
    default:
      return fail(std::string("a ") + luaL_typename(lua, -1));
  }
  if (depth > kMaxDepth) return fail("a table nested more than " + std::to_string(kMaxDepth) + " deep");
  luaL_checkstack(lua, 10, nullptr);
  lua_rawgeti(lua, LUA_REGISTRYINDEX, views);
  lua_pushvalue(lua, -2);
  lua_rawget(lua, -2);
  lua_remove(lua, -2);  // the data of a view, or nil
  if (lua_isnil(lua, -1)) {
    lua_pop(lua, 1);
    if (luaL_getmetafield(lua, -1, "__metatable") != LUA_TNIL) {
      Error error{"a " + text_at(lua, -1) + " of the configuration"};
      lua_pop(lua, 1);
      return tl::unexpected(std::move(error));
    }
    lua_pushvalue(lua, -1);
  }
  json::Array list;
  json::Object object;
  std::optional<Error> error;
  const auto length = static_cast<lua_Integer>(lua_rawlen(lua, -1));
  for (lua_Integer i = 1; i <= length && !error; ++i) {
    lua_rawgeti(lua, -1, i);
    auto item = read(lua, views, depth + 1);
    lua_pop(lua, 1);
    if (item) {
      list.push_back(std::move(*item));
    } else {
      error = item.error();
    }
  }
  for (lua_pushnil(lua); !error && lua_next(lua, -2) != 0; lua_pop(lua, 1)) {
    if (lua_isinteger(lua, -2) != 0 && lua_tointeger(lua, -2) >= 1 && lua_tointeger(lua, -2) <= length)
      continue;
    if (lua_type(lua, -2) != LUA_TSTRING || length > 0) {
      error = Error{"a table that is neither a list nor has only names as keys"};
    } else if (auto member = read(lua, views, depth + 1); member) {
      object[text_at(lua, -2)] = std::move(*member);
    } else {
      error = member.error();
    }
    if (error) {
      lua_pop(lua, 2);
      break;
    }
  }
  lua_pop(lua, 1);
  if (error) return tl::unexpected(std::move(*error));
  if (!object.empty()) return json::Value(std::move(object));
  return json::Value(std::move(list));
}

}  // namespace

std::string text_at(lua_State* lua, int index) {
  std::size_t length = 0;
  const char* text = lua_tolstring(lua, index, &length);
  return text != nullptr ? std::string(text, length) : std::string();
}

std::optional<Node> plain_node(lua_State* lua) {
  Node n;
  switch (lua_type(lua, -1)) {
    case LUA_TNIL:
      return n;
    case LUA_TBOOLEAN:
      n.kind = Node::Kind::boolean;
      n.boolean = lua_toboolean(lua, -1) != 0;
      return n;
    case LUA_TNUMBER:
      n.kind = lua_isinteger(lua, -1) != 0 ? Node::Kind::integer : Node::Kind::number;
      n.number = lua_tonumber(lua, -1);
      if (n.kind == Node::Kind::integer) n.integer = lua_tointeger(lua, -1);
      return n;
    case LUA_TSTRING:
      n.kind = Node::Kind::string;
      n.text = text_at(lua, -1);
      return n;
    default:
      return std::nullopt;
  }
}

void push_json(lua_State* lua, const json::Value& value, int list_mark, bool nil_for_null) {
  luaL_checkstack(lua, 10, nullptr);
  if (value.is_null()) {
    if (nil_for_null) return lua_pushnil(lua);
    lua_pushlightuserdata(lua, nullptr);
  } else if (value.is_bool()) {
    lua_pushboolean(lua, value.as_bool() ? 1 : 0);
  } else if (value.is_int()) {
    lua_pushinteger(lua, value.as_int());
  } else if (value.is_double()) {
    lua_pushnumber(lua, value.as_double());
  } else if (value.is_string()) {
    lua_pushlstring(lua, value.as_string().data(), value.as_string().size());
  } else if (value.is_array()) {
    const auto& items = value.as_array();
    lua_createtable(lua, static_cast<int>(items.size()), 0);
    for (std::size_t i = 0; i < items.size(); ++i) {
      push_json(lua, items[i], list_mark, nil_for_null);
      lua_rawseti(lua, -2, static_cast<lua_Integer>(i + 1));
    }
    if (list_mark != 0) {
      lua_rawgeti(lua, LUA_REGISTRYINDEX, list_mark);
      lua_setmetatable(lua, -2);
    }
  } else {
    lua_createtable(lua, 0, static_cast<int>(value.as_object().size()));
    for (const auto& [key, member] : value.as_object()) {
      lua_pushlstring(lua, key.data(), key.size());
      push_json(lua, member, list_mark, nil_for_null);
      lua_rawset(lua, -3);
    }
  }
}

Result<json::Value> read_json(lua_State* lua, int views) { return read(lua, views, 0); }

}  // namespace headrace::config
