// SPDX-License-Identifier: Apache-2.0
// Runs the files of a configuration in the sandbox, hands over what they declare, and later calls their
// functions. The grammar itself is Lua (vocabulary/grammar.lua); this is its ground.
#pragma once

#include <functional>
#include <map>
#include <string>

#include "config/declarations.hpp"
#include "config/lua_state.hpp"
#include "config/problems.hpp"

namespace headrace::config {

/// The text of a file, by its path relative to the configuration's folder.
using Loader = std::function<Result<std::string>(const std::string& path)>;

/// `path` without "." parts. Errors: empty, absolute, or leading out of the folder.
[[nodiscard]] Result<std::string> clean_path(std::string_view path);

class Interpreter {
 public:
  Interpreter(Loader loader, Problems& problems);

  /// Runs `main` and what it includes. Mistakes go to the problems.
  Declarations run(const std::string& main);

  /// Calls a function that `run` numbered, with plain data. Errors: with file:line.
  [[nodiscard]] Result<json::Value> call(const FunctionInfo& function, const json::Value& argument);

 private:
  using Native = int (Interpreter::*)(lua_State*);
  template <Native native>
  static int enter(lua_State* lua);
  template <Native native>
  void add_native(const char* name);
  void load_prelude(const char* name, std::string_view text, int arguments, int results);

  // What the prelude calls; each answers the number of its results.
  int complain(lua_State* lua);
  int where(lua_State* lua);
  int advice(lua_State* lua);
  int variants(lua_State* lua);
  int unknown_field(lua_State* lua);
  int metatable(lua_State* lua);
  int clean(lua_State* lua);
  int load(lua_State* lua);
  int load_json(lua_State* lua);
  int value_problem(lua_State* lua);
  static int guarded(lua_State* lua);

  /// The text of `path`, for a file named by the running line; nothing after a complaint.
  std::optional<std::string> fetch(lua_State* lua, const std::string& path);
  void complain_here(lua_State* lua, std::string text);

  Loader loader_;
  Problems* problems_;  ///< only while running
  LuaState state_;
  bool aborted_ = false;
  std::map<std::string, std::string> advice_;  // unknown word → what to say of it
  int native_ = 0, collected_ = 0, run_ = 0, seal_ = 0, invoke_ = 0, data_of_ = 0, list_mark_ = 0;
};

}  // namespace headrace::config
