// SPDX-License-Identifier: Apache-2.0
// Runs the files of a configuration in the sandbox, gives out their declarations, and calls their functions
// later. The grammar is written in Lua (vocabulary/grammar.lua); this class runs it.
#pragma once

#include <functional>
#include <map>
#include <string>

#include "config/declarations.hpp"
#include "config/lua_state.hpp"
#include "config/problems.hpp"

namespace headrace::config {

/// Gives the text of a file by its path, which is relative to the configuration's folder.
using Loader = std::function<Result<std::string>(const std::string& path)>;

/// Gives `path` without its "." parts. Errors: the path is empty, absolute, or leads out of the folder.
[[nodiscard]] Result<std::string> clean_path(std::string_view path);

class Interpreter {
 public:
  Interpreter(Loader loader, Problems& problems);

  /// Runs `main` and the files that it includes. Mistakes are added to the problems.
  Declarations run(const std::string& main);

  /// Calls a function by the number that run() gave to it, with plain data. Errors: those of Lua, with
  /// file:line.
  [[nodiscard]] Result<json::Value> call(const FunctionInfo& function, const json::Value& argument);

 private:
  using Native = int (Interpreter::*)(lua_State*);
  template <Native native>
  static int enter(lua_State* lua);
  template <Native native>
  void add_native(const char* name);
  void load_prelude(const char* name, std::string_view text, int arguments, int results);

  // The prelude calls these natives. Each returns the number of its results, as C functions of Lua do.
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

  /// Gives the text of `path`, which the running line names. Nothing: the file cannot be read, which was
  /// reported.
  std::optional<std::string> fetch(lua_State* lua, const std::string& path);
  void complain_here(lua_State* lua, std::string text);

  Loader loader_;
  Problems* problems_;  ///< set only while run() works
  LuaState state_;
  bool aborted_ = false;
  std::map<std::string, std::string> advice_;  // by the unknown word
  int native_ = 0, collected_ = 0, run_ = 0, seal_ = 0, invoke_ = 0, data_of_ = 0, list_mark_ = 0;
};

}  // namespace headrace::config
