// SPDX-License-Identifier: Apache-2.0
// A Lua state whose code can neither run for ever nor use up the machine. There are limits on instructions,
// on memory and, as a last resort, on time.
//
// A Lua error is a longjmp: a C++ function that was called from Lua must hold no object with a destructor
// when an error passes it. The natives of interpreter.cpp therefore lift the memory limit while they work,
// and raise an error, if at all, as their last act.
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
  std::size_t memory_bytes;        ///< in addition to the memory that the state uses when the call begins
  std::chrono::milliseconds time;  ///< CPU time; it stops library functions, which run no instructions
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

  /// Calls the function that lies below `arguments` values on the stack. Function and values are taken from
  /// the stack; on success `results` values are left there.
  std::optional<Fault> call(int arguments, int results, const Limits& limits);

  /// True when the running call has used up a limit. Nothing may catch the error then.
  bool exhausted() const { return exhausted_; }

  /// pcall and xpcall of the sandbox. They do not catch the error of a used-up limit.
  static int protected_call(lua_State* lua);
  static int protected_call_with_handler(lua_State* lua);

  /// Calls the function on top of the stack as lua_pcall does, without arguments, and keeps all results. The
  /// error of a used-up limit is not caught: no C++ object of the caller may be alive then.
  /// @param fault  receives the error; must outlive the call
  /// @return false when there was an error
  static bool guarded_call(lua_State* lua, Fault& fault);

  /// Finds the running line of a file of the configuration, the one nearest to the top of the stack.
  static bool running_line(lua_State* lua, std::string& file, int& line);

  /// Memory is not limited while such an object lives. Natives use it, and C++ code outside of any call.
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
  std::chrono::steady_clock::time_point deadline_;  ///< the CPU time is not looked at before
  std::chrono::milliseconds cpu_start_{};
  bool exhausted_ = false;
  Fault fault_;         ///< the last error that on_error() saw
  Fault memory_fault_;  ///< the place at which memory was refused last
};

}  // namespace headrace::config
