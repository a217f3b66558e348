// SPDX-License-Identifier: Apache-2.0
#include "config/interpreter.hpp"

#include <stdexcept>

#include "config/interpolation.hpp"
#include "config/lua_values.hpp"
#include "config/read_declarations.hpp"
#include "config/vocabulary.hpp"
#include "embedded/file.hpp"
#include "spelling/spelling.hpp"

namespace headrace::config {

extern const std::span<const embedded::File> kPrelude;  // sandbox, grammar, guard

namespace {

// An endless loop is stopped within a second. A configuration of ten thousand builders with four steps each
// needs a tenth of these limits.
constexpr Limits kEvaluation{50'000'000, std::size_t{64} << 20, std::chrono::seconds(10)};
constexpr Limits kCall{10'000'000, std::size_t{16} << 20, std::chrono::seconds(2)};

std::string text_argument(lua_State* lua, int index) {
  std::size_t length = 0;
  const char* text = luaL_tolstring(lua, index, &length);
  std::string copy(text, length);
  lua_pop(lua, 1);
  return copy;
}

std::vector<std::string> texts_argument(lua_State* lua, int index) {
  std::vector<std::string> texts;
  if (!lua_istable(lua, index)) return texts;
  const auto count = static_cast<lua_Integer>(lua_rawlen(lua, index));
  for (lua_Integer i = 1; i <= count; ++i) {
    lua_rawgeti(lua, index, i);
    texts.push_back(text_argument(lua, -1));
    lua_pop(lua, 1);
  }
  return texts;
}

int push(lua_State* lua, const std::string& text) {
  lua_pushlstring(lua, text.data(), text.size());
  return 1;
}

}  // namespace

Result<std::string> clean_path(std::string_view path) {
  if (path.empty()) return fail("expected the name of a file, got \"\"");
  if (path.front() == '/') return fail("a path is relative to the configuration's folder, not absolute");
  if (path.find('\0') != std::string_view::npos || path.find('\\') != std::string_view::npos)
    return fail("a path has '/' between folders and no '\\' or NUL");
  std::string clean;
  while (true) {
    const auto slash = path.find('/');
    const auto part = path.substr(0, slash);
    if (part == "..") return fail("a path may not lead out of the configuration's folder (\"..\")");
    if (!part.empty() && part != ".") clean += (clean.empty() ? "" : "/") + std::string(part);
    if (slash == std::string_view::npos) break;
    path.remove_prefix(slash + 1);
  }
  if (clean.empty()) return fail("expected the name of a file");
  return clean;
}

// Makes a C function of a native; `self` is the upvalue. The memory limit is lifted while the native runs, so
// that no Lua error passes the native's C++ objects.
template <Interpreter::Native native>
int Interpreter::enter(lua_State* lua) {
  auto& self = *static_cast<Interpreter*>(lua_touserdata(lua, lua_upvalueindex(1)));
  const LuaState::Unlimited unlimited(self.state_);
  return (self.*native)(lua);
}

template <Interpreter::Native native>
void Interpreter::add_native(const char* name) {
  lua_pushlightuserdata(state_.get(), this);
  lua_pushcclosure(state_.get(), &Interpreter::enter<native>, 1);
  lua_setfield(state_.get(), -2, name);
}

Interpreter::Interpreter(Loader loader, Problems& problems)
    : loader_(std::move(loader)), problems_(&problems) {
  lua_State* lua = state_.get();
  lua_newtable(lua);
  add_native<&Interpreter::complain>("complain");
  add_native<&Interpreter::where>("where");
  add_native<&Interpreter::advice>("advice");
  add_native<&Interpreter::variants>("variants");
  add_native<&Interpreter::unknown_field>("unknown_field");
  add_native<&Interpreter::metatable>("metatable");
  add_native<&Interpreter::clean>("clean_path");
  add_native<&Interpreter::load>("load");
  add_native<&Interpreter::load_json>("load_json");
  add_native<&Interpreter::value_problem>("value_problem");
  lua_pushlightuserdata(lua, this);
  lua_pushcclosure(lua, &Interpreter::guarded, 1);
  lua_setfield(lua, -2, "guarded");
  lua_pushcfunction(lua, &LuaState::protected_call);
  lua_setfield(lua, -2, "pcall");
  lua_pushcfunction(lua, &LuaState::protected_call_with_handler);
  lua_setfield(lua, -2, "xpcall");
  lua_pushlightuserdata(lua, nullptr);
  lua_setfield(lua, -2, "null");
  lua_newtable(lua);
  lua_pushvalue(lua, -1);
  list_mark_ = luaL_ref(lua, LUA_REGISTRYINDEX);
  lua_setfield(lua, -2, "list_mark");
  native_ = luaL_ref(lua, LUA_REGISTRYINDEX);

  push_words(lua);
  lua_rawgeti(lua, LUA_REGISTRYINDEX, native_);
  load_prelude("=headrace", kPrelude[0].bytes, 1, 2);  // words, lib, walk
  lua_pushvalue(lua, -1);
  const int walk = luaL_ref(lua, LUA_REGISTRYINDEX);
  lua_rawgeti(lua, LUA_REGISTRYINDEX, native_);
  lua_insert(lua, -4);                                 // native, words, lib, walk
  load_prelude("=headrace", kPrelude[1].bytes, 4, 3);  // collected, run, seal
  seal_ = luaL_ref(lua, LUA_REGISTRYINDEX);
  run_ = luaL_ref(lua, LUA_REGISTRYINDEX);
  collected_ = luaL_ref(lua, LUA_REGISTRYINDEX);
  lua_rawgeti(lua, LUA_REGISTRYINDEX, native_);
  lua_rawgeti(lua, LUA_REGISTRYINDEX, walk);
  load_prelude("=headrace", kPrelude[2].bytes, 2, 2);  // invoke, data_of
  data_of_ = luaL_ref(lua, LUA_REGISTRYINDEX);
  invoke_ = luaL_ref(lua, LUA_REGISTRYINDEX);
}

void Interpreter::load_prelude(const char* name, std::string_view text, int arguments, int results) {
  lua_State* lua = state_.get();
  if (luaL_loadbufferx(lua, text.data(), text.size(), name, "t") != LUA_OK)
    throw std::logic_error(lua_tostring(lua, -1));
  lua_insert(lua, -1 - arguments);
  if (lua_pcall(lua, arguments, results, 0) != LUA_OK) throw std::logic_error(lua_tostring(lua, -1));
}

Declarations Interpreter::run(const std::string& main) {
  lua_State* lua = state_.get();
  lua_rawgeti(lua, LUA_REGISTRYINDEX, run_);
  push(lua, main);
  if (const auto fault = state_.call(1, 0, kEvaluation)) {
    aborted_ = true;
    problems_->add(fault->file.empty() ? main : fault->file, fault->line, fault->text);
  }
  lua_rawgeti(lua, LUA_REGISTRYINDEX, seal_);
  state_.call(0, 0, kEvaluation);
  problems_ = nullptr;
  lua_rawgeti(lua, LUA_REGISTRYINDEX, collected_);
  Declarations declarations = read_declarations(lua);
  lua_pop(lua, 1);
  declarations.aborted = aborted_;
  return declarations;
}

Result<json::Value> Interpreter::call(const FunctionInfo& function, const json::Value& argument) {
  lua_State* lua = state_.get();
  lua_rawgeti(lua, LUA_REGISTRYINDEX, invoke_);
  lua_rawgeti(lua, LUA_REGISTRYINDEX, function.reference);
  push_json(lua, argument, list_mark_, false);
  push(lua, function.argument);
  if (const auto fault = state_.call(3, 1, kCall))
    return fail((fault->file.empty() ? function.place : place(fault->file, fault->line)) + ": " +
                fault->text);
  auto result = read_json(lua, data_of_);
  lua_pop(lua, 1);
  if (!result)
    return fail(function.place + ": the function answered " + result.error().text + ", expected plain data");
  return result;
}

void Interpreter::complain_here(lua_State* lua, std::string text) {
  if (problems_ == nullptr) return;
  std::string file;
  int line = 0;
  LuaState::running_line(lua, file, line);
  problems_->add(file, line, std::move(text));
}

int Interpreter::complain(lua_State* lua) {
  complain_here(lua, text_argument(lua, 1));
  return 0;
}

int Interpreter::where(lua_State* lua) {
  std::string file;
  int line = 0;
  LuaState::running_line(lua, file, line);
  push(lua, file);
  lua_pushinteger(lua, line);
  return 2;
}

int Interpreter::advice(lua_State* lua) {
  // The advice is kept, because a mistake in a loop asks for it again and again.
  auto [it, added] = advice_.try_emplace(text_argument(lua, 1));
  if (added) it->second = Vocabulary::get().advice(it->first, texts_argument(lua, 2));
  return push(lua, it->second);
}

int Interpreter::variants(lua_State* lua) {
  return push(lua, Vocabulary::get().variants(text_argument(lua, 1)));
}

int Interpreter::unknown_field(lua_State* lua) {
  const std::string key = text_argument(lua, 1);
  return push(lua, "no field '" + key + "' in " + text_argument(lua, 2) +
                       spelling::did_you_mean(key, texts_argument(lua, 3)));
}

int Interpreter::metatable(lua_State* lua) {
  if (lua_getmetatable(lua, 1) == 0) lua_pushnil(lua);
  return 1;
}

int Interpreter::clean(lua_State* lua) {
  const auto path = clean_path(text_argument(lua, 1));
  if (path) return push(lua, *path);
  lua_pushnil(lua);
  push(lua, path.error().text);
  return 2;
}

std::optional<std::string> Interpreter::fetch(lua_State* lua, const std::string& path) {
  auto text = loader_(path);
  if (text) return std::move(*text);
  aborted_ = true;
  std::string file;
  int line = 0;
  if (!LuaState::running_line(lua, file, line)) file = path;
  problems_->add(file, line, text.error().text);
  return std::nullopt;
}

int Interpreter::load(lua_State* lua) {
  const std::string path = text_argument(lua, 1);
  auto text = fetch(lua, path);
  if (!text) return lua_pushnil(lua), 1;
  problems_->add_file(path, *text);
  // A first line "#!…" is for the shell. Its end of line stays, so that the numbers of the lines are right.
  if (text->starts_with('#')) text->replace(0, std::min(text->find('\n'), text->size()), "");
  if (luaL_loadbufferx(lua, text->data(), text->size(), ("@" + path).c_str(), "t") != LUA_OK) {
    aborted_ = true;
    const std::string message = text_argument(lua, -1);
    const auto colon = message.find(':');
    const auto end = colon == std::string::npos ? colon : message.find(": ", colon + 1);
    if (end == std::string::npos) {
      problems_->add(path, 0, message);
    } else {
      problems_->add(path, std::atoi(message.c_str() + colon + 1), message.substr(end + 2));
    }
    return lua_pushnil(lua), 1;
  }
  lua_pushvalue(lua, 2);
  lua_setupvalue(lua, -2, 1);  // _ENV
  return 1;
}

int Interpreter::load_json(lua_State* lua) {
  const auto text = fetch(lua, text_argument(lua, 1));
  auto value = text ? json::parse(*text) : fail("");
  if (text && !value)
    complain_here(lua, "load_json \"" + text_argument(lua, 1) + "\": " + value.error().text);
  if (!value) return lua_pushnil(lua), lua_pushboolean(lua, 0), 2;
  push_json(lua, *value, 0, true);
  lua_pushboolean(lua, 1);
  return 2;
}

int Interpreter::value_problem(lua_State* lua) {
  const std::string kind = text_argument(lua, 1), text = text_argument(lua, 2);
  const auto problem = kind == "property" ? property_name_problem(text) : interpolation_problem(text);
  if (!problem) return lua_pushnil(lua), 1;
  return push(lua, kind + " \"" + text + "\": " + *problem);
}

// Runs the function at 1. The results are those of the function, or none when it failed; the failure is
// noted.
int Interpreter::guarded(lua_State* lua) {
  auto& self = *static_cast<Interpreter*>(lua_touserdata(lua, lua_upvalueindex(1)));
  bool failed = false;
  {
    // The fault is static because a used-up limit leaves this function by longjmp, without destructors.
    static thread_local Fault fault;
    failed = !LuaState::guarded_call(lua, fault);
    if (failed) {
      self.aborted_ = true;
      self.problems_->add(fault.file, fault.line, fault.text);
    }
  }
  return failed ? 0 : lua_gettop(lua);
}

}  // namespace headrace::config
