// SPDX-License-Identifier: Apache-2.0
// What a configuration cannot do: run for ever, eat the memory, reach out, or catch being stopped.
#include <chrono>

#include "config/test_support.hpp"

namespace headrace::config {
namespace {

const std::string kStopped = "ran more than 50000000 instructions: is there a loop without end?\n";
const std::string kMemory = "used more than 64 MiB of memory\n";

TEST(Limits, StopALoopWithoutEndWithinSeconds) {
  const auto start = std::chrono::steady_clock::now();
  EXPECT_EQ(problems_of("local n = 0\nwhile true do\n  n = n + 1 end"), "headrace.lua:3: " + kStopped);
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(5));
}

TEST(Limits, CannotBeCaught) {
  EXPECT_EQ(problems_of("while true do pcall(function()\n while true do end end) end"),
            "headrace.lua:2: " + kStopped);
  EXPECT_EQ(problems_of(
                "xpcall(function()\n while true do end end,\n function() while true do end end)\nworker(1)"),
            "headrace.lua:2: " + kStopped);
  EXPECT_EQ(problems_of("local t <close> = setmetatable({}, { __close = function() while true do end end })\n"
                        "while true do end"),
            "headrace.lua:2: " + kStopped);
  EXPECT_EQ(problems_of("include 'a.lua'\nworker(1)", {{"a.lua", "\nwhile true do end"}}),
            "a.lua:2: " + kStopped);
  EXPECT_EQ(problems_of("pcall(function()\n local s = ('x'):rep(1 << 30) end)\nworker(1)"),
            "headrace.lua:2: " + kMemory);
}

TEST(Limits, HoldForMemory) {
  EXPECT_EQ(problems_of("local s = 'x'\nwhile true do\n  s = s .. s end"), "headrace.lua:3: " + kMemory);
  EXPECT_EQ(problems_of("local t = {}\nfor i = 1, 1e9 do\n t[i] = { i } end"), "headrace.lua:3: " + kMemory);
  EXPECT_EQ(problems_of("local s = string.rep('x', 1e9)"), "headrace.lua:1: " + kMemory);
}

TEST(Limits, HoldInsideOfLibraryFunctions) {
  EXPECT_EQ(problems_of("table.move({}, 1, 1 << 60, 2)"), "headrace.lua:1: " + kStopped);
  EXPECT_EQ(problems_of("table.insert(setmetatable({}, { __len = function() return 1 << 60 end }), 1, 1)"),
            "headrace.lua:1: " + kStopped);
  EXPECT_EQ(problems_of("table.remove(setmetatable({}, { __len = function() return 1 << 60 end }), 1)"),
            "headrace.lua:1: " + kStopped);
  EXPECT_EQ(problems_of("local function f() return f() + 1 end\nf()"), "headrace.lua:1: " + kMemory);
}

TEST(Sandbox, HasNoWayOut) {
  for (const char* name :
       {"io", "os", "debug", "package", "require", "load", "loadfile", "dofile", "collectgarbage",
        "coroutine", "print", "rawset", "rawget", "string.dump", "math.random", "math.randomseed"}) {
    const auto text = problems_of("local x = " + std::string(name));
    EXPECT_NE(text.find("is not available here"), std::string::npos) << name << ": " << text;
  }
  EXPECT_EQ(problems_of("setmetatable({}, { __gc = function() end })"),
            "headrace.lua:1: setmetatable: __gc is not available here\n");
  EXPECT_EQ(problems_of("setmetatable(_ENV, {})"), "headrace.lua:1: cannot change a protected metatable\n");
  EXPECT_EQ(problems_of("string.format = nil"), "headrace.lua:1: the library 'string' cannot be changed\n");
  EXPECT_EQ(problems_of("string.format('%p', {})"),
            "headrace.lua:1: string.format: %p is not available here\n");
  EXPECT_EQ(problems_of("getmetatable('').__index = nil"),
            "headrace.lua:1: attempt to index a string value\n");
}

TEST(Sandbox, ShowsNoAddressesAndWalksTablesInOrder) {
  const auto c = evaluated(R"lua(
local seen = {}
for key, value in pairs { z = 1, a = 2, [3] = 3, [1] = 4, [true] = 5 } do seen[#seen + 1] = tostring(key) end
worker(table.concat(seen, " ") .. " " .. tostring({}) .. string.format(" %s", {})) {}
worker(tostring(next({ b = 1, a = 2 })) .. tostring(next({}))) {}
)lua");
  ASSERT_TRUE(c);
  EXPECT_EQ(c->site().workers[0].name, "true 1 3 a z table table");
  EXPECT_EQ(c->site().workers[1].name, "anil");
}

TEST(Sandbox, KeepsLuasOwnMeaningOfTheFunctionsItReplaces) {
  const auto c = evaluated(R"lua(
local t = { 1, 2, 3 }
table.insert(t, 4)
table.insert(t, 1, 0)
assert(table.concat(t, ",") == "0,1,2,3,4")
assert(table.remove(t) == 4 and table.remove(t, 1) == 0 and table.concat(t, ",") == "1,2,3")
assert(table.concat(table.move(t, 1, 3, 2), ",") == "1,1,2,3")
assert(table.concat(table.move(t, 2, 4, 1), ",") == "1,2,3,3")
assert(table.remove({}) == nil)
local ok, why, more = pcall(function(...) return ... end, 1, 2)
assert(ok and why == 1 and more == 2)
ok, why = pcall(error, "x", 0)
assert(not ok and why == "x")
ok, why = xpcall(function(a) error(a, 0) end, function(m) return m .. "!" end, "y")
assert(not ok and why == "y!")
ok, why, more = xpcall(function(a, b) return a, b end, tostring, 3, 4)
assert(ok and why == 3 and more == 4)
assert(("%d-%s"):format(3, "x") == "3-x" and ("a,b"):gsub(",", ";") == "a;b" and #"abc" == 3)
shared = 7
assert(shared == 7)
)lua");
  EXPECT_TRUE(c);
}

}  // namespace
}  // namespace headrace::config
