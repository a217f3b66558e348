// SPDX-License-Identifier: Apache-2.0
#include "config/vocabulary.hpp"

#include <algorithm>
#include <cctype>
#include <lua.hpp>
#include <memory>
#include <stdexcept>

#include "spelling/spelling.hpp"

namespace headrace::config {
namespace {

// What Lua and Buildbot's users may look for, and a sandbox does not have.
bool left_out(std::string_view word) {
  static const std::set<std::string_view> names = {
      "os",       "io",         "debug",       "coroutine",       "package",    "require",        "load",
      "loadfile", "loadstring", "dofile",      "print",           "warn",       "collectgarbage", "rawget",
      "rawset",   "_G",         "math.random", "math.randomseed", "string.dump"};
  return names.contains(word);
}

// The words table is the project's own text: an error in it is a bug, hence exceptions.
class Reader {
 public:
  Reader() : lua_(luaL_newstate(), &lua_close) {
    luaL_openlibs(lua_.get());
    if (luaL_loadbufferx(lua_.get(), prelude::kWords.data(), prelude::kWords.size(), "=words", "t") !=
            LUA_OK ||
        lua_pcall(lua_.get(), 0, 1, 0) != LUA_OK)
      throw std::logic_error(lua_tostring(lua_.get(), -1));
  }
  lua_State* get() { return lua_.get(); }

  std::string text(int index) {
    const char* s = lua_tostring(get(), index);
    if (s == nullptr) throw std::logic_error("words.lua: a text is missing");
    return s;
  }
  std::set<std::string, std::less<>> list(const char* field) {
    std::set<std::string, std::less<>> all;
    const int top = lua_gettop(get());
    if (lua_getfield(get(), -1, field) == LUA_TTABLE)
      for (lua_Integer i = 1; lua_geti(get(), top + 1, i) != LUA_TNIL; ++i) all.insert(text(-1));
    lua_settop(get(), top);
    return all;
  }
  std::map<std::string, std::string, std::less<>> map(const char* field) {
    std::map<std::string, std::string, std::less<>> all;
    lua_getfield(get(), -1, field);
    if (lua_istable(get(), -1))
      for (lua_pushnil(get()); lua_next(get(), -2) != 0; lua_pop(get(), 1)) all[text(-2)] = text(-1);
    lua_pop(get(), 1);
    return all;
  }

 private:
  std::unique_ptr<lua_State, decltype(&lua_close)> lua_;
};

Word read_word(Reader& reader, std::string name) {
  Word word;
  word.name = std::move(name);
  lua_getfield(reader.get(), -1, "name");
  const std::string naming = reader.text(-1);
  lua_getfield(reader.get(), -2, "camel");
  word.camel = lua_toboolean(reader.get(), -1) != 0;
  lua_pop(reader.get(), 2);
  word.naming = naming == "required"  ? Word::Naming::required
                : naming == "variant" ? Word::Naming::variant
                                      : Word::Naming::none;
  for (auto& [field, type] : reader.map("fields")) {
    const bool required = type.ends_with('!');
    word.fields[field] = Field{type.substr(0, type.size() - (required ? 1 : 0)), required};
  }
  word.later = reader.list("later");
  word.written = reader.map("written");
  return word;
}

}  // namespace

const Vocabulary& Vocabulary::get() {
  static const Vocabulary vocabulary;
  return vocabulary;
}

Vocabulary::Vocabulary() {
  Reader reader;
  later_ = reader.list("later");
  functions_ = reader.list("functions");
  const auto read_all = [&](const char* table, auto& all) {
    lua_getfield(reader.get(), -1, table);
    for (lua_pushnil(reader.get()); lua_next(reader.get(), -2) != 0; lua_pop(reader.get(), 1)) {
      const std::string name = reader.text(-2);
      all[name] = read_word(reader, name);
    }
    lua_pop(reader.get(), 1);
  };
  read_all("words", words_);
  read_all("tables", tables_);
}

bool Vocabulary::known(std::string_view word) const {
  if (words_.contains(word) || functions_.contains(word)) return true;
  const auto it = words_.lower_bound(std::string(word) + ".");
  return it != words_.end() && it->first.starts_with(std::string(word) + ".");
}

bool Vocabulary::is_later(std::string_view word) const {
  return later_.contains(word) || later_.contains(word.substr(0, word.find('.')));
}

std::string Vocabulary::variants(std::string_view kind) const {
  std::string all;
  for (const auto& [name, word] : words_)
    if (name.starts_with(std::string(kind) + ".")) all += (all.empty() ? "" : ", ") + name;
  return all;
}

std::string Vocabulary::advice(std::string_view word, const std::vector<std::string>& known_names) const {
  const std::string quoted = "'" + std::string(word) + "'";
  if (is_later(word)) return quoted + " is not yet supported";
  if (left_out(word) ||
      (word.find('.') != std::string_view::npos && left_out(word.substr(0, word.find('.')))))
    return quoted +
           " is not available here: a configuration gives the same in every process, without files, clock "
           "or random numbers";
  const std::string snake = snake_case(word);
  if (snake != word && (known(snake) || is_later(snake)))
    return quoted + " is written " + snake + " here" + (is_later(snake) ? ", and is not yet supported" : "");
  const auto dot = word.find('.');
  const std::string prefix = dot == std::string_view::npos ? "" : std::string(word.substr(0, dot + 1));
  std::vector<std::string> candidates;
  for (const auto& name : known_names) candidates.push_back(prefix + name);
  for (const auto& [name, entry] : words_) candidates.push_back(prefix.empty() ? entry.kind() : name);
  for (const auto& name : later_)
    if (prefix.empty() || name.starts_with(prefix)) candidates.push_back(name);
  for (const auto& name : functions_)
    if (prefix.empty()) candidates.push_back(name);
  return "unknown word " + quoted + spelling::did_you_mean(word, candidates);
}

std::string Vocabulary::meant(const Word& word, std::string_view field) const {
  const auto renamed = word.written.find(field);
  std::string ours = renamed != word.written.end() ? renamed->second : snake_case(field);
  if (word.fields.contains(ours) || word.later.contains(ours)) return ours;
  std::vector<std::string> candidates(word.later.begin(), word.later.end());
  for (const auto& [name, type] : word.fields) candidates.push_back(name);
  if (word.naming != Word::Naming::none) candidates.push_back("name");
  return spelling::nearest(field, candidates);
}

std::string Vocabulary::field_advice(const Word& word, const std::string& label,
                                     std::string_view field) const {
  const std::string quoted = "'" + std::string(field) + "'";
  if (word.later.contains(field)) return quoted + " of " + label + " is not yet supported";
  const std::string ours = meant(word, field);
  if (!ours.empty() && (word.written.contains(field) || snake_case(field) == ours))
    return quoted + " is written " + ours + " here" +
           (word.later.contains(ours) ? ", and is not yet supported (" : " (") + label + ")";
  return "unknown field " + quoted + " in " + label + (ours.empty() ? "" : ", did you mean '" + ours + "'?");
}

std::string snake_case(std::string_view name) {
  std::string snake;
  for (std::size_t i = 0; i < name.size(); ++i) {
    const auto c = static_cast<unsigned char>(name[i]);
    if (std::isupper(c) != 0) {
      // One underscore before a run of capitals: "maxBuilds", "serverURL".
      if (i > 0 && name[i - 1] != '.' && std::isupper(static_cast<unsigned char>(name[i - 1])) == 0)
        snake += '_';
      snake += static_cast<char>(std::tolower(c));
    } else {
      snake += name[i];
    }
  }
  return snake;
}

}  // namespace headrace::config
