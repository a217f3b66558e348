-- SPDX-License-Identifier: Apache-2.0
-- The grammar of the configuration: `kind.variant "name" { fields }`, include, property, interpolate.
--
-- Runs the files and collects what they declare, with the place of each; checks nothing of the fields,
-- which is done in C++ (declarations.cpp reads what `run` leaves in `collected`). A mistake is reported
-- and answered with `swallow`, a value that takes part in everything without a further complaint, so
-- that one run finds them all.
local native, vocabulary, lib, walk = ...

local evaluating = true

-- What C++ reads. Objects of the grammar are empty tables; what they stand for is here.
local collected = {
  declarations = {},  -- in order: { word, name, file, line, fields }; no fields: never completed
  index_of = {},      -- declaration object → its index
  value_of = {},      -- object of property or interpolate → { kind, text, default, file, line }
  word_of = {},       -- `worker`, `step.git` themselves → their word
  swallow = {},
  lost = {},          -- names of declarations that were lost to another mistake: not "missing" as well
}
local declarations, index_of, value_of, word_of = collected.declarations, collected.index_of, collected.value_of,
                                                  collected.word_of
local swallow, lost = collected.swallow, collected.lost

local function nothing() return swallow end
local function no() return false end
setmetatable(swallow, {
  __metatable = "mistake",
  __index = function(_, key)
    if type(key) == "number" then return nil end  -- ends ipairs
    return swallow
  end,
  __newindex = function() end,
  __call = function(_, argument)
    if type(argument) == "string" then lost[argument] = true end
    local name = type(argument) == "table" and rawget(argument, "name")
    if type(name) == "string" then lost[name] = true end
    return swallow
  end,
  __add = nothing, __sub = nothing, __mul = nothing, __div = nothing, __mod = nothing, __pow = nothing,
  __unm = nothing, __idiv = nothing, __band = nothing, __bor = nothing, __bxor = nothing, __bnot = nothing,
  __shl = nothing, __shr = nothing, __concat = nothing, __len = function() return 0 end,
  __lt = no, __le = no, __tostring = function() return "?" end, __pairs = function() return no end,
})

local function report(text) native.report(text) end

--- Refuses `word`, which is none of `known` (a table with names as keys) and no word of the vocabulary.
local function refuse(word, known)
  local names = {}
  for name in next, known or {} do
    if type(name) == "string" then names[#names + 1] = name end
  end
  local text = native.advice(word, names)
  if not evaluating then error(text, 0) end
  report(text)
  return swallow
end
native.refuse = refuse

--- What `value` is, for a message.
local function described(value)
  if word_of[value] then return word_of[value] .. " itself, without { … }" end
  if index_of[value] then return "a " .. declarations[index_of[value]].word end
  if value_of[value] then return "a " .. value_of[value].kind end
  return type(value)
end

local function is_object(value)
  return value == swallow or index_of[value] or value_of[value] or word_of[value]
end

local function is_fields(value) return type(value) == "table" and not is_object(value) end

-- ---- declarations ----

local function fill(declaration, fields)
  local copy = {}
  for key, value in next, fields do copy[key] = value end
  declaration.fields = copy
  local own = copy.name
  if declaration.name and own ~= nil and own ~= swallow then
    report(declaration.word .. " has two names: \"" .. declaration.name .. "\" before its fields and 'name' in them")
  elseif declaration.name == nil and type(own) == "string" then
    declaration.name = own
  end
end

local declared_meta = {
  __metatable = "declaration",
  __call = function(object, fields)
    local declaration = declarations[index_of[object]]
    if fields == swallow then
      declaration.fields, declaration.lost = {}, true
    elseif not is_fields(fields) then
      report(declaration.word .. " \"" .. (declaration.name or "?") .. "\": expected { fields }, got " .. described(fields))
      declaration.fields, declaration.lost = {}, true
    elseif declaration.fields then
      report(declaration.word .. " \"" .. (declaration.name or "?") .. "\" has its fields already")
    else
      fill(declaration, fields)
    end
    return object
  end,
  __index = function(object, key)
    local declaration = declarations[index_of[object]]
    if key == "name" then return declaration.name end
    return refuse(declaration.word .. "." .. lib.tostring(key))
  end,
  __newindex = function(object)
    local text = "a " .. declarations[index_of[object]].word .. " cannot be changed once it is declared"
    if not evaluating then error(text, 0) end
    report(text)
  end,
}

local function declare(word, name)
  if not evaluating then error(word .. ": nothing can be declared in a function that runs later", 0) end
  local object = setmetatable({}, declared_meta)
  local file, line = native.where()
  local declaration = { word = word, name = name, file = file, line = line }
  declarations[#declarations + 1] = declaration
  index_of[object] = #declarations
  return object, declaration
end

local function new_word(word, spec, variants)
  local object = {}
  word_of[object] = word
  return setmetatable(object, {
    __metatable = "word",
    __call = function(_, argument, ...)
      if argument == swallow then return swallow end
      if not spec then
        report("'" .. word .. "' needs a kind: " .. native.variants(word))
        if type(argument) == "string" then lost[argument] = true end
        return swallow
      end
      if type(argument) == "string" then
        if spec.name == "none" then report("'" .. word .. "' has no name: write " .. word .. " { … }") end
        return (declare(word, argument))
      elseif is_fields(argument) then
        local made, declaration = declare(word, nil)
        fill(declaration, argument)
        return made
      end
      local text = "'" .. word .. "': expected a name or { fields }, got " .. described(argument)
      if not evaluating then error(text, 0) end
      report(text)
      return swallow
    end,
    __index = function(_, key)
      local variant = variants and variants[key]
      if variant ~= nil then return variant end
      if spec and key == "extend" then
        report("'" .. word .. ":extend': kinds of one's own are not yet supported")
        return swallow
      end
      return refuse(word .. "." .. lib.tostring(key))
    end,
    __newindex = function(_, key)
      report("'" .. word .. "." .. lib.tostring(key) .. " = …': kinds of one's own are not yet supported")
      if variants then variants[key] = swallow end
    end,
  })
end

-- ---- what a file sees ----

local env = {}
local own = {}       -- globals that the files set
local assigned = {}  -- names of those, which may be nil
local globals = {}   -- the vocabulary and the library
for name, f in next, lib do globals[name] = f end

local kinds = {}
for word in next, vocabulary.words do
  local kind, variant = word:match("^([%w_]+)%.?(.*)$")
  kinds[kind] = kinds[kind] or {}
  if variant ~= "" then kinds[kind][variant] = new_word(word, vocabulary.words[word]) end
end
for kind, variants in next, kinds do globals[kind] = new_word(kind, vocabulary.words[kind], variants) end

setmetatable(env, {
  __metatable = "configuration",
  __index = function(_, name)
    local value = own[name]
    if value == nil then value = globals[name] end
    if value ~= nil or assigned[name] then return value end
    local known = {}
    for key in next, own do known[key] = true end
    for key in next, globals do known[key] = true end
    return refuse(lib.tostring(name), known)
  end,
  __newindex = function(_, name, value)
    if not evaluating then error("the global '" .. lib.tostring(name) .. "' cannot be set in a function that runs later", 0) end
    if globals[name] ~= nil then
      report("'" .. name .. "' is a word of the configuration and cannot be set; use a local of another name")
      return
    end
    own[name], assigned[name] = value, true
  end,
  __pairs = function() return walk(own) end,
})

local included = {}  -- path → "running" or { what the file returned }

local function run(path)
  if included[path] == "running" then
    report("'" .. path .. "' includes itself")
    return swallow
  end
  if not included[path] then
    included[path] = "running"
    local chunk = native.load(path, env)
    local result = { swallow }
    if chunk then result = table.pack(native.guarded(chunk)) end
    if chunk and result.n == 0 then result = {} end
    included[path] = result
  end
  return table.unpack(included[path])
end

local function file_argument(word, path)
  if path == swallow then return nil end
  if type(path) ~= "string" then
    report(word .. ": expected the name of a file, got " .. described(path))
    return nil
  end
  if not evaluating then error(word .. ": no file can be read by a function that runs later", 0) end
  local clean, why = native.clean_path(path)
  if not clean then report(word .. " \"" .. path .. "\": " .. why) end
  return clean
end

function globals.include(path)
  local clean = file_argument("include", path)
  if not clean then return swallow end
  return run(clean)
end

function globals.load_json(path)
  local clean = file_argument("load_json", path)
  if not clean then return swallow end
  local value, ok = native.load_json(clean)
  if not ok then return swallow end
  return value
end

-- ---- values that are known only in a build ----

local value_meta = {
  __metatable = "value",
  __index = function(object, key) return refuse(value_of[object].kind .. "." .. lib.tostring(key)) end,
  __newindex = function() error("this cannot be changed", 0) end,
  __concat = function()
    error("property and interpolate have no text before the build runs: write interpolate \"…%(prop:name)s…\"", 0)
  end,
}

local function value(kind, text, default)
  if text == swallow then return swallow end
  if type(text) ~= "string" then
    report(kind .. ": expected a string, got " .. described(text))
    return swallow
  end
  local problem = native.value_problem(kind, text)
  if problem then
    if not evaluating then error(problem, 0) end
    report(problem)
    return swallow
  end
  local object = setmetatable({}, value_meta)
  local file, line = native.where()
  value_of[object] = { kind = kind, text = text, default = default, file = file, line = line }
  return object
end

function globals.property(name, default) return value("property", name, default) end
function globals.interpolate(text) return value("interpolate", text) end

return collected, run, function() evaluating = false end
