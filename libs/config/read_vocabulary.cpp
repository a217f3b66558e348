// SPDX-License-Identifier: Apache-2.0
// Reads the rows of vocabulary/*.lua into structs. The rows belong to the program: a mistake in them is a
// bug, and throws.
#include <lua.hpp>
#include <memory>
#include <stdexcept>

#include "config/lua_values.hpp"
#include "config/vocabulary.hpp"
#include "embedded/file.hpp"

namespace headrace::config {

extern const std::span<const embedded::File> kWords;  ///< words.lua, then one file for each family

namespace {

[[noreturn]] void fail_with(lua_State* lua) {
  const char* text = lua_tostring(lua, -1);
  throw std::logic_error(text == nullptr ? "the vocabulary cannot be read" : text);
}

void load(lua_State* lua, const embedded::File& file) {
  const std::string name = "=" + std::string(file.name);
  if (luaL_loadbufferx(lua, file.bytes.data(), file.bytes.size(), name.c_str(), "t") != LUA_OK)
    fail_with(lua);
}

class Reader {
 public:
  Reader() : state_(luaL_newstate(), &lua_close), lua_(state_.get()) {
    luaL_openlibs(lua_);
    push_words(lua_);
  }

  /// Calls `each` for every member of the table `name`, which is a field of the table at the top. The
  /// member's value is at the top then.
  template <class Each>
  void members(const char* name, Each each) {
    if (lua_getfield(lua_, -1, name) == LUA_TTABLE)
      for (lua_pushnil(lua_); lua_next(lua_, -2) != 0; lua_pop(lua_, 1)) {
        lua_pushvalue(lua_, -2);  // a copy, because text() turns a number into a text in place
        const std::string key = text();
        lua_pop(lua_, 1);
        each(key);
      }
    lua_pop(lua_, 1);
  }

  std::set<std::string, std::less<>> list(const char* name) {
    std::set<std::string, std::less<>> all;
    members(name, [&](const std::string&) { all.insert(text()); });
    return all;
  }

  std::map<std::string, Word, std::less<>> rows(const char* name) {
    std::map<std::string, Word, std::less<>> all;
    members(name, [&](const std::string& word) { all[word] = row(word); });
    return all;
  }

 private:
  std::string text() {
    const char* s = lua_tostring(lua_, -1);
    if (s == nullptr) throw std::logic_error("the vocabulary lacks a text");
    return s;
  }

  // Gives the text at `key` of the table at the top; "" when there is none.
  template <class Key>
  std::string part(Key key) {
    if constexpr (std::is_integral_v<Key>) {
      lua_geti(lua_, -1, key);
    } else {
      lua_getfield(lua_, -1, key);
    }
    std::string found = lua_isnil(lua_, -1) ? "" : text();
    lua_pop(lua_, 1);
    return found;
  }

  Word row(const std::string& name) {
    Word word;
    word.name = name;
    const std::string naming = part("name");
    word.naming = naming == "required"  ? Word::Naming::required
                  : naming == "variant" ? Word::Naming::variant
                                        : Word::Naming::none;
    lua_getfield(lua_, -1, "camel");
    word.camel = lua_toboolean(lua_, -1) != 0;
    lua_pop(lua_, 1);
    word.runs = part("runs");
    word.later = list("later");
    members("written", [&](const std::string& theirs) { word.written[theirs] = text(); });
    members("fields", [&](const std::string& field) { word.fields[field] = this->field(field); });
    return word;
  }

  Field field(const std::string& name) {
    Field field;
    field.type = part(1);
    field.required = field.type.ends_with('!');
    if (field.required) field.type.pop_back();
    field.meaning = part(2);
    field.target = part("target");
    if (field.target.empty()) field.target = name;
    field.excludes = part("excludes");
    lua_getfield(lua_, -1, "otherwise");
    field.otherwise = lua_isnil(lua_, -1) ? "none" : text();
    lua_pop(lua_, 1);
    lua_getfield(lua_, -1, "default");
    field.default_value = node();
    lua_pop(lua_, 1);
    if (lua_getfield(lua_, -1, "needs") == LUA_TTABLE) field.needs = {part(1), part(2), part("says")};
    lua_pop(lua_, 1);
    return field;
  }

  // Reads the plain value at the top.
  Node node() {
    if (auto plain = plain_node(lua_)) return std::move(*plain);
    Node n;
    switch (lua_type(lua_, -1)) {
      case LUA_TTABLE:
        n.kind = Node::Kind::table;
        for (lua_Integer i = 1; lua_geti(lua_, -1, i) != LUA_TNIL; ++i) {
          n.items.push_back(node());
          lua_pop(lua_, 1);
        }
        lua_pop(lua_, 1);
        break;
      default:
        throw std::logic_error("the vocabulary has a default that is no plain value");
    }
    return n;
  }

  std::unique_ptr<lua_State, decltype(&lua_close)> state_;
  lua_State* lua_;
};

}  // namespace

void push_words(lua_State* lua) {
  load(lua, kWords.front());
  lua_newtable(lua);
  lua_Integer number = 0;
  for (const auto& family : kWords.subspan(1)) {
    load(lua, family);
    lua_seti(lua, -2, ++number);
  }
  if (lua_pcall(lua, 1, 1, 0) != LUA_OK) fail_with(lua);
}

Vocabulary::Vocabulary() {
  Reader reader;
  later_ = reader.list("later");
  functions_ = reader.list("functions");
  words_ = reader.rows("words");
  tables_ = reader.rows("tables");
}

const Vocabulary& Vocabulary::get() {
  static const Vocabulary vocabulary;
  return vocabulary;
}

}  // namespace headrace::config
