// SPDX-License-Identifier: Apache-2.0
#include "config/lua_state.hpp"

#include <cstdlib>
#include <ctime>
#include <new>

namespace headrace::config {
namespace {

// Number of instructions between two checks of the limits. It is small because one library function may take
// milliseconds on a large string. The checks cost about a hundredth of the time.
constexpr int kStride = 200;

std::chrono::milliseconds thread_time() {
  timespec t{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return std::chrono::seconds(t.tv_sec) + std::chrono::milliseconds(t.tv_nsec / 1'000'000);
}

}  // namespace

LuaState& LuaState::of(lua_State* lua) { return **static_cast<LuaState**>(lua_getextraspace(lua)); }

LuaState::LuaState() {
  lua_ = lua_newstate(&LuaState::allocate, this);
  if (lua_ == nullptr) throw std::bad_alloc();
  *static_cast<LuaState**>(lua_getextraspace(lua_)) = this;
  const luaL_Reg libraries[] = {{LUA_GNAME, luaopen_base},
                                {LUA_TABLIBNAME, luaopen_table},
                                {LUA_STRLIBNAME, luaopen_string},
                                {LUA_MATHLIBNAME, luaopen_math},
                                {LUA_UTF8LIBNAME, luaopen_utf8}};
  for (const auto& [name, open] : libraries) {
    luaL_requiref(lua_, name, open, 1);
    lua_pop(lua_, 1);
  }
}

LuaState::~LuaState() {
  memory_limit_ = SIZE_MAX;
  lua_close(lua_);
}

void* LuaState::allocate(void* self, void* block, std::size_t old_size, std::size_t new_size) {
  auto& state = *static_cast<LuaState*>(self);
  if (block == nullptr) old_size = 0;  // for a new block Lua passes the kind of the object as its size
  if (new_size == 0) {
    state.used_bytes_ -= old_size;
    std::free(block);
    return nullptr;
  }
  if (new_size > old_size && state.used_bytes_ - old_size + new_size > state.memory_limit_) {
    // Lua now collects garbage and asks again. When that is refused, too, the place is known only here.
    if (state.lua_ != nullptr) running_line(state.lua_, state.memory_fault_.file, state.memory_fault_.line);
    return nullptr;
  }
  void* const moved = std::realloc(block, new_size);
  if (moved != nullptr) state.used_bytes_ += new_size - old_size;
  return moved;
}

bool LuaState::running_line(lua_State* lua, std::string& file, int& line) {
  lua_Debug at;
  for (int level = 0; lua_getstack(lua, level, &at) != 0; ++level) {
    lua_getinfo(lua, "Sl", &at);
    if (at.source[0] != '@' || at.currentline < 0) continue;
    file = at.source + 1;
    line = at.currentline;
    return true;
  }
  return false;
}

// CPU time of this thread since the call began. Wall time would be unfair on a busy machine.
std::chrono::milliseconds LuaState::cpu_time() const { return thread_time() - cpu_start_; }

void LuaState::exhaust(std::string why) {
  exhausted_ = true;
  fault_ = Fault{"", 0, std::move(why)};
  running_line(lua_, fault_.file, fault_.line);
  lua_sethook(lua_, &LuaState::on_instructions, LUA_MASKCOUNT, 1);
}

void LuaState::on_instructions(lua_State* lua, lua_Debug*) {
  LuaState& state = of(lua);
  if (!state.exhausted_) {
    state.instructions_ += kStride;
    if (state.instructions_ > state.limits_.instructions)
      state.exhaust("ran more than " + std::to_string(state.limits_.instructions) +
                    " instructions: is there a loop without end?");
    else if (std::chrono::steady_clock::now() > state.deadline_ && state.cpu_time() > state.limits_.time)
      state.exhaust("ran longer than " + std::to_string(state.limits_.time.count()) + " ms");
  }
  if (state.exhausted_) {
    lua_pushliteral(lua, "limit");
    lua_error(lua);
  }
}

// The message handler: it keeps the place and the text of an error while the stack still has them.
int LuaState::on_error(lua_State* lua) {
  LuaState& state = of(lua);
  if (state.exhausted_) return 1;
  const Unlimited unlimited(state);
  Fault fault;
  running_line(lua, fault.file, fault.line);
  std::size_t length = 0;
  const char* text = lua_tolstring(lua, 1, &length);
  fault.text = text != nullptr ? std::string(text, length)
                               : "an error that is a " + std::string(luaL_typename(lua, 1)) + ", not a text";
  // A "file:line: " before the text is the better place, because error("…", 2) names the caller.
  const auto colon = fault.text.find(':');
  const auto end = colon == std::string::npos ? colon : fault.text.find(": ", colon + 1);
  if (end != std::string::npos && end > colon + 1 &&
      fault.text.find_first_not_of("0123456789", colon + 1) == end) {
    const std::string shown = fault.text.substr(0, colon);
    const bool same =
        shown == fault.file || (shown.starts_with("...") && fault.file.ends_with(shown.substr(3)));
    const bool ours = shown == "headrace";  // a library function, called by the prelude
    if (ours) {
      fault.text.erase(0, end + 2);
    } else if (same || shown.ends_with(".lua")) {
      if (!same && !shown.starts_with("...")) fault.file = shown;
      fault.line = std::atoi(fault.text.c_str() + colon + 1);
      fault.text.erase(0, end + 2);
    }
  }
  state.fault_ = std::move(fault);
  return 1;
}

void LuaState::pass_if_exhausted(lua_State* lua, int status) {
  LuaState& state = of(lua);
  if (status == LUA_ERRMEM && !state.exhausted_) {
    state.exhausted_ = true;
    state.fault_ = state.memory_fault_;
    state.fault_.text =
        "used more than " + std::to_string(state.limits_.memory_bytes >> 20) + " MiB of memory";
    lua_sethook(lua, &LuaState::on_instructions, LUA_MASKCOUNT, 1);
  }
  if (state.exhausted_) lua_error(lua);
}

std::optional<Fault> LuaState::call(int arguments, int results, const Limits& limits) {
  const int function = lua_gettop(lua_) - arguments;
  lua_pushcfunction(lua_, &LuaState::on_error);
  lua_insert(lua_, function);
  limits_ = limits;
  instructions_ = 0;
  exhausted_ = false;
  fault_ = memory_fault_ = Fault{};
  cpu_start_ = thread_time();
  deadline_ = std::chrono::steady_clock::now() + limits.time;
  memory_limit_ = used_bytes_ + limits.memory_bytes;
  lua_sethook(lua_, &LuaState::on_instructions, LUA_MASKCOUNT, kStride);
  const int status = lua_pcall(lua_, arguments, results, function);
  lua_sethook(lua_, nullptr, 0, 0);
  memory_limit_ = SIZE_MAX;
  std::optional<Fault> fault;
  if (status != LUA_OK) {
    if (status == LUA_ERRMEM && !exhausted_) {
      fault_ = memory_fault_;
      fault_.text = "used more than " + std::to_string(limits.memory_bytes >> 20) + " MiB of memory";
    }
    if (fault_.text.empty())
      fault_.text = lua_tostring(lua_, -1) != nullptr ? lua_tostring(lua_, -1) : "unknown error";
    fault = fault_;
    lua_pop(lua_, 1);
  }
  lua_remove(lua_, function);
  return fault;
}

int LuaState::protected_call(lua_State* lua) {
  luaL_checkany(lua, 1);
  lua_pushboolean(lua, 1);
  lua_insert(lua, 1);
  const int status = lua_pcall(lua, lua_gettop(lua) - 2, LUA_MULTRET, 0);
  if (status == LUA_OK) return lua_gettop(lua);
  pass_if_exhausted(lua, status);
  lua_pushboolean(lua, 0);
  lua_insert(lua, -2);
  return 2;
}

// The handler runs after the stack is unwound. A real message handler would run without a limit on
// instructions when the error comes from a hook.
int LuaState::protected_call_with_handler(lua_State* lua) {
  luaL_checkany(lua, 2);
  lua_pushvalue(lua, 2);  // the handler goes below everything
  lua_insert(lua, 1);
  lua_remove(lua, 3);
  lua_pushboolean(lua, 1);
  lua_insert(lua, 2);  // handler, true, function, arguments…
  const int status = lua_pcall(lua, lua_gettop(lua) - 3, LUA_MULTRET, 0);
  if (status == LUA_OK) return lua_gettop(lua) - 1;
  pass_if_exhausted(lua, status);
  lua_pushvalue(lua, 1);
  lua_insert(lua, -2);
  lua_call(lua, 1, 1);
  lua_pushboolean(lua, 0);
  lua_insert(lua, -2);
  return 2;
}

bool LuaState::guarded_call(lua_State* lua, Fault& fault) {
  const int function = lua_gettop(lua);
  lua_pushcfunction(lua, &LuaState::on_error);
  lua_insert(lua, function);
  const int status = lua_pcall(lua, 0, LUA_MULTRET, function);
  lua_remove(lua, function);
  if (status == LUA_OK) return true;
  pass_if_exhausted(lua, status);
  lua_pop(lua, 1);
  fault = of(lua).fault_;
  return false;
}

}  // namespace headrace::config
