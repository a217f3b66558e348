-- SPDX-License-Identifier: Apache-2.0
-- The one argument of a function that is called later: a read-only view of plain data. A misspelt field raises an
-- error. Maps whose keys are the users' own (properties, sources) give nil instead.
local native, walk = ...
local null, list_mark = native.null, native.list_mark

local data_of = setmetatable({}, { __mode = "k" })  -- view → data
local path_of = setmetatable({}, { __mode = "k" })  -- view → "build.sources"
local view_of = setmetatable({}, { __mode = "k" })  -- data → view, so that equal things are equal
local open = { properties = true, sources = true }

local view

local function seen(value, path, key)
  if value == null then return nil end
  if type(value) == "table" then return view(value, path .. "." .. tostring(key)) end
  return value
end

local meta = {
  __metatable = "read-only",
  __index = function(self, key)
    local data, path = data_of[self], path_of[self]
    local value = data[key]
    if value ~= nil then return seen(value, path, key) end
    if native.metatable(data) == list_mark then
      if math.type(key) == "integer" then return nil end
      error("no field '" .. tostring(key) .. "' in " .. path .. ", which is a list", 0)
    end
    if open[path:match("[^.]*$")] then return nil end
    local names = {}
    for name in next, data do names[#names + 1] = name end
    error(native.unknown_field(tostring(key), path, names), 0)
  end,
  __newindex = function(self, key)
    error("cannot set '" .. tostring(key) .. "': " .. path_of[self] .. " is read-only", 0)
  end,
  __len = function(self) return #data_of[self] end,
  __pairs = function(self)
    local path = path_of[self]
    local step = walk(data_of[self])
    return function()
      while true do
        local key, value = step()
        if key == nil then return nil end
        local visible = seen(value, path, key)
        if visible ~= nil then return key, visible end
      end
    end
  end,
}

function view(data, path)
  local object = view_of[data]
  if not object then
    object = setmetatable({}, meta)
    view_of[data], data_of[object], path_of[object] = object, data, path
  end
  return object
end

local function invoke(f, argument, word)
  if argument == null then return f(nil) end
  if type(argument) == "table" then argument = view(argument, word) end
  return f(argument)
end

return invoke, data_of
