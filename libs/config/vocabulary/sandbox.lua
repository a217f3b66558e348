-- SPDX-License-Identifier: Apache-2.0
-- The part of Lua's library that a configuration may use: the functions that give the same result in every process.
-- There are no files, no clock and no random numbers. Tables are walked in the order of their keys, and addresses
-- are never shown. Some C functions of Lua could loop for very long without running an instruction. They are written
-- in Lua here, so that the limit on instructions holds for them.
local native = ...
local next, type, error, tostring, getmetatable, setmetatable = next, type, error, tostring, getmetatable, setmetatable
local string, table, math, utf8 = string, table, math, utf8
local sort, format, find = table.sort, string.format, string.find

local function less(a, b)
  local ta, tb = type(a), type(b)
  if ta ~= tb then return ta < tb end
  if ta == "number" or ta == "string" then return a < b end
  return ta == "boolean" and a == false and b == true
end

--- The keys of `t` as a list: booleans, numbers and strings, each in order, then other keys in no order.
local function sorted_keys(t)
  local keys = {}
  for key in next, t do keys[#keys + 1] = key end
  sort(keys, less)
  return keys
end

local function walk(t)
  local keys, at = sorted_keys(t), 0
  return function()
    while true do
      at = at + 1
      local key = keys[at]
      if key == nil then return nil end
      local value = t[key]
      if value ~= nil then return key, value end
    end
  end
end

local lib = {}

function lib.pairs(t)
  local meta = native.metatable(t)
  if meta and meta.__pairs then return meta.__pairs(t) end
  if type(t) ~= "table" then error("pairs: expected a table, got " .. type(t), 2) end
  return walk(t)
end

function lib.next(t, key)
  if type(t) ~= "table" then error("next: expected a table, got " .. type(t), 2) end
  local keys = sorted_keys(t)
  if key == nil then return keys[1], t[keys[1]] end
  for i = 1, #keys do
    if keys[i] == key then
      if keys[i + 1] == nil then return nil end
      return keys[i + 1], t[keys[i + 1]]
    end
  end
  error("next: no such key in the table", 2)
end

function lib.tostring(value)
  local kind = type(value)
  if kind == "table" or kind == "function" then
    local meta = native.metatable(value)
    if not (meta and meta.__tostring) then return kind end
  end
  return tostring(value)
end

function lib.setmetatable(t, meta)
  -- Finalizers run with the limit on instructions switched off.
  if type(meta) == "table" and meta.__gc ~= nil then error("setmetatable: __gc is not available here", 2) end
  return setmetatable(t, meta)
end

lib.assert, lib.error, lib.ipairs, lib.select, lib.tonumber, lib.type = assert, error, ipairs, select, tonumber, type
lib.getmetatable, lib.rawequal, lib.rawlen = getmetatable, rawequal, rawlen
lib.pcall, lib.xpcall = native.pcall, native.xpcall

local strings = {}
for name, f in next, string do strings[name] = f end
strings.dump = nil
function strings.format(pattern, ...)
  if find(pattern, "%%[-+ #0%d.]*p") then error("string.format: %p is not available here", 2) end
  local arguments = table.pack(...)
  for i = 1, arguments.n do
    if type(arguments[i]) == "table" or type(arguments[i]) == "function" then
      arguments[i] = lib.tostring(arguments[i])
    end
  end
  return format(pattern, table.unpack(arguments, 1, arguments.n))
end

local tables = { concat = table.concat, unpack = table.unpack, pack = table.pack, sort = table.sort }
function tables.insert(list, ...)
  local position, value = ...
  local last = #list + 1
  local count = select("#", ...)
  if count == 1 then
    list[last] = position
  elseif count == 2 then
    if math.type(position) ~= "integer" or position < 1 or position > last then
      error("table.insert: position out of bounds", 2)
    end
    for i = last, position + 1, -1 do list[i] = list[i - 1] end
    list[position] = value
  else
    error("table.insert: wrong number of arguments", 2)
  end
end
function tables.remove(list, position)
  local last = #list
  if position == nil then position = last end
  if last + 1 ~= position and (math.type(position) ~= "integer" or (position < 1 and last > 0) or position > last + 1) then
    error("table.remove: position out of bounds", 2)
  end
  local value = list[position]
  for i = position, last - 1 do list[i] = list[i + 1] end
  if position <= last then list[last] = nil end
  return value
end
function tables.move(from, first, last, to, target)
  target = target or from
  if to > last or to <= first or target ~= from then
    for i = 0, last - first do target[to + i] = from[first + i] end
  else
    for i = last - first, 0, -1 do target[to + i] = from[first + i] end
  end
  return target
end

local maths = {}
for name, f in next, math do maths[name] = f end
maths.random, maths.randomseed = nil, nil

local utf = {}
for name, f in next, utf8 do utf[name] = f end

-- Makes a table of a library. The table cannot be written to, and names the functions that it lacks.
local function frozen(name, functions)
  return setmetatable({}, {
    __metatable = "library",
    __index = function(_, key)
      local f = functions[key]
      if f ~= nil then return f end
      return native.refuse(name .. "." .. lib.tostring(key), functions)
    end,
    __newindex = function() error("the library '" .. name .. "' cannot be changed", 2) end,
    __pairs = function() return walk(functions) end,
  })
end

lib.string, lib.table = frozen("string", strings), frozen("table", tables)
lib.math, lib.utf8 = frozen("math", maths), frozen("utf8", utf)
-- This table gives strings their methods, as in ("x"):upper().
getmetatable("").__index = lib.string
getmetatable("").__metatable = "string"

return lib, walk
