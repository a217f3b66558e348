// SPDX-License-Identifier: Apache-2.0
#include "config/read_declarations.hpp"

#include <algorithm>

#include "config/lua_values.hpp"
#include "config/problems.hpp"

namespace headrace::config {
namespace {

constexpr int kMaxDepth = 100;

// Gives a field of the table at the top as text, past all metatables; "" when the field is no text.
std::string text_field(lua_State* lua, const char* name) {
  lua_pushstring(lua, name);
  lua_rawget(lua, -2);
  std::string text = lua_type(lua, -1) == LUA_TSTRING ? text_at(lua, -1) : "";
  lua_pop(lua, 1);
  return text;
}

class DeclarationReader {
 public:
  explicit DeclarationReader(lua_State* lua) : lua_(lua), collected_(lua_gettop(lua)) {}

  Declarations run() {
    open("declarations");
    const auto count = static_cast<lua_Integer>(lua_rawlen(lua_, -1));
    for (lua_Integer i = 1; i <= count; ++i) {
      lua_rawgeti(lua_, -1, i);
      result_.all.push_back(declaration());
      lua_pop(lua_, 1);
    }
    lua_pop(lua_, 1);
    open("names_in_error");
    for (lua_pushnil(lua_); lua_next(lua_, -2) != 0; lua_pop(lua_, 1))
      result_.names_in_error.insert(text_at(lua_, -2));
    lua_pop(lua_, 1);
    return std::move(result_);
  }

 private:
  void open(const char* name) {
    lua_pushstring(lua_, name);
    lua_rawget(lua_, collected_);
  }

  Declaration declaration() {
    Declaration d;
    d.word = text_field(lua_, "word");
    d.file = text_field(lua_, "file");
    lua_pushliteral(lua_, "name");
    if (lua_rawget(lua_, -2) == LUA_TSTRING) d.name = text_at(lua_, -1);
    lua_pushliteral(lua_, "line");
    lua_rawget(lua_, -3);
    d.line = static_cast<int>(lua_tointeger(lua_, -1));
    lua_pushliteral(lua_, "fields_in_error");
    lua_rawget(lua_, -4);
    d.fields_in_error = lua_toboolean(lua_, -1) != 0;
    lua_pushliteral(lua_, "fields");
    d.complete = lua_rawget(lua_, -5) == LUA_TTABLE;
    if (d.complete) d.fields = table(0);
    lua_pop(lua_, 4);
    return d;
  }

  // Looks the value at the top up in the table `name`. An entry that is found is pushed.
  bool entry(const char* name) {
    open(name);
    lua_pushvalue(lua_, -2);
    lua_rawget(lua_, -2);
    lua_remove(lua_, -2);
    if (!lua_isnil(lua_, -1)) return true;
    lua_pop(lua_, 1);
    return false;
  }

  // Reads the value at the top of the stack, which stays there.
  Node node(int depth) {
    if (auto plain = plain_node(lua_)) return std::move(*plain);
    Node n;
    switch (lua_type(lua_, -1)) {
      case LUA_TFUNCTION:
        function(n);
        break;
      case LUA_TTABLE:
        object(n, depth);
        break;
      default:
        n.kind = Node::Kind::other, n.text = luaL_typename(lua_, -1);
    }
    return n;
  }

  void function(Node& n) {
    lua_Debug at;
    lua_pushvalue(lua_, -1);
    lua_getinfo(lua_, ">S", &at);
    if (at.source[0] != '@') {
      n.kind = Node::Kind::other, n.text = "a function of the library";
      return;
    }
    n.kind = Node::Kind::function;
    const void* identity = lua_topointer(lua_, -1);
    auto [it, added] = numbers_.try_emplace(identity, static_cast<FunctionId>(numbers_.size() + 1));
    n.integer = it->second;
    if (!added) return;
    lua_pushvalue(lua_, -1);
    const int reference = luaL_ref(lua_, LUA_REGISTRYINDEX);
    result_.functions.push_back({reference, "argument", place(at.source + 1, at.linedefined)});
  }

  void object(Node& n, int depth) {
    open("poison");
    const bool mistake = lua_rawequal(lua_, -1, -2) != 0;
    lua_pop(lua_, 1);
    if (mistake) {
      n.kind = Node::Kind::mistake;
    } else if (entry("index_of")) {
      n.kind = Node::Kind::declaration;
      n.integer = lua_tointeger(lua_, -1) - 1;
      lua_pop(lua_, 1);
    } else if (entry("word_of")) {
      n.kind = Node::Kind::word;
      n.text = text_at(lua_, -1);
      lua_pop(lua_, 1);
    } else if (entry("value_of")) {
      n.kind = text_field(lua_, "kind") == "property" ? Node::Kind::property : Node::Kind::interpolate;
      n.text = text_field(lua_, "text");
      lua_pushliteral(lua_, "default");
      if (lua_rawget(lua_, -2) != LUA_TNIL) n.items.push_back(node(depth + 1));
      lua_pop(lua_, 2);
    } else if (depth > kMaxDepth ||
               std::find(path_.begin(), path_.end(), lua_topointer(lua_, -1)) != path_.end()) {
      n.kind = Node::Kind::other, n.text = "a table that holds itself";
    } else {
      path_.push_back(lua_topointer(lua_, -1));
      n = table(depth);
      path_.pop_back();
    }
  }

  // Reads the table at the top. Keys are visited in order, so that functions get the same numbers in every
  // process.
  Node table(int depth) {
    Node n;
    n.kind = Node::Kind::table;
    luaL_checkstack(lua_, 10, nullptr);
    const auto length = static_cast<lua_Integer>(lua_rawlen(lua_, -1));
    for (lua_Integer i = 1; i <= length; ++i) {
      lua_rawgeti(lua_, -1, i);
      n.items.push_back(node(depth + 1));
      lua_pop(lua_, 1);
    }
    std::vector<std::string> names;
    std::vector<std::int64_t> numbers;
    for (lua_pushnil(lua_); lua_next(lua_, -2) != 0; lua_pop(lua_, 1)) {
      if (lua_type(lua_, -2) == LUA_TSTRING) {
        names.push_back(text_at(lua_, -2));
      } else if (lua_isinteger(lua_, -2) != 0) {
        const auto key = lua_tointeger(lua_, -2);
        if (key < 1 || key > length) numbers.push_back(key);
      } else {
        n.fields["[" + std::string(luaL_typename(lua_, -2)) + "]"].kind = Node::Kind::other;
      }
    }
    std::sort(names.begin(), names.end());
    std::sort(numbers.begin(), numbers.end());
    for (const auto& name : names) {
      lua_pushlstring(lua_, name.data(), name.size());
      lua_rawget(lua_, -2);
      n.fields[name] = node(depth + 1);
      lua_pop(lua_, 1);
    }
    for (const auto number : numbers) {
      lua_rawgeti(lua_, -1, number);
      n.sparse[number] = node(depth + 1);
      lua_pop(lua_, 1);
    }
    return n;
  }

  lua_State* lua_;
  int collected_;
  Declarations result_;
  std::map<const void*, FunctionId> numbers_;
  std::vector<const void*> path_;  // the tables that are being read, from the outermost on
};

}  // namespace

Declarations read_declarations(lua_State* lua) { return DeclarationReader(lua).run(); }

}  // namespace headrace::config
