// SPDX-License-Identifier: Apache-2.0
// A Lua state whose code cannot run for ever or eat the machine: limits on instructions, memory and,
// as a last net, time.
//
// Lua errors are longjmps: a C++ function called from Lua must hold no object with a destructor when it
// lets one pass. The natives of interpreter.cpp therefore lift the memory limit while they work and
// raise, if at all, as their last act.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <lua.hpp>
#include <optional>
#include <string>

namespace headrace::config {

struct Limits {
  std::int64_t instructions;
  std::size_t memory_bytes;        ///< on top of what the state holds when the call begins
  std::chrono::milliseconds time;  ///< of the CPU: for library functions that are slow without an instruction
};

/// Where and why Lua code stopped.
struct Fault {
  std::string file;  ///< "": unknown
  int line = 0;
  std::string text;
};

class LuaState {
 public:
  LuaState();
  ~LuaState();
  LuaState(const LuaState&) = delete;
  LuaState& operator=(const LuaState&) = delete;

  lua_State* get() const { return lua_; }

  /// Calls the function below `arguments` values on the stack, which are taken; `results` values are
  /// left on success, nothing otherwise.
  std::optional<Fault> call(int arguments, int results, const Limits& limits);

  /// Whether the running call has used up a limit: then nothing may catch the error.
  bool exhausted() const { return exhausted_; }

  /// pcall and xpcall for the sandbox, which cannot catch the end of a limit.
  static int protected_call(lua_State* lua);
  static int protected_call_with_handler(lua_State* lua);

  /// lua_pcall of the function on top, without arguments; all results are kept. On an error that may be
  /// caught answers it; a used-up limit passes through (call with no C++ object alive).
  /// @param fault  receives the fault; must outlive the call
  static bool guarded_call(lua_State* lua, Fault& fault);

  /// The running line of a file of the configuration, nearest to the top of the stack.
  static bool running_line(lua_State* lua, std::string& file, int& line);

  /// While it lives, memory is not limited: for natives, and for C++ code outside of any call.
  class Unlimited {
   public:
    explicit Unlimited(LuaState& state) : state_(state), limit_(state.memory_limit_) {
      state.memory_limit_ = SIZE_MAX;
    }
    ~Unlimited() { state_.memory_limit_ = limit_; }
    Unlimited(const Unlimited&) = delete;
    Unlimited& operator=(const Unlimited&) = delete;

   private:
    LuaState& state_;
    std::size_t limit_;
  };

  static LuaState& of(lua_State* lua);

 private:
  static void* allocate(void* self, void* block, std::size_t old_size, std::size_t new_size);
  static void on_instructions(lua_State* lua, lua_Debug* at);
  static int on_error(lua_State* lua);
  static void pass_if_exhausted(lua_State* lua, int status);
  void exhaust(std::string why);
  std::chrono::milliseconds cpu_time() const;

  lua_State* lua_ = nullptr;
  std::size_t used_bytes_ = 0;
  std::size_t memory_limit_ = SIZE_MAX;
  Limits limits_{};
  std::int64_t instructions_ = 0;
  std::chrono::steady_clock::time_point deadline_;  ///< before it, nobody asks for the CPU time
  std::chrono::milliseconds cpu_start_{};
  bool exhausted_ = false;
  Fault fault_;         ///< of the last error that on_error saw
  Fault memory_fault_;  ///< where memory was refused last
};

}  // namespace headrace::config
