-- SPDX-License-Identifier: Apache-2.0
-- The grammar of the configuration: `kind.variant "name" { fields }`, include, property, interpolate.
--
-- It runs the files and collects what they declare, with the place of each declaration. It checks no field: that
-- is done in C++, which reads what `run` leaves in `collected` (read_declarations.cpp).
--
-- One run finds every mistake. A configuration is a program, and a program that stops at its first mistake shows
-- one mistake a run. So a mistake that the grammar can see does not stop it:
--
--   * `complain` notes the mistake with the line that runs, and the run goes on.
--   * Whatever the line asked for is answered with `poison`. Poison takes part in everything: it can be called,
--     indexed, concatenated, compared and walked through, and gives poison again. In C++ a field that holds
--     poison is right (Node::Kind::mistake). So one misspelt word is one complaint, not ten.
--   * A declaration that begins with poison (`bilder "hello" { … }`) never comes to be. Its name is noted in
--     `names_in_error`, so that `builders = "hello"` elsewhere is not complained of as well. A declaration whose
--     fields are poison is marked `fields_in_error`, so that its required fields are not called missing.
--   * What Lua itself stops (a syntax error, an index of nil) ends that file only: `native.guarded` notes it, and
--     the file that included it goes on. From then on something that is missing may have been declared behind
--     the stop, so nothing is called missing any more (`aborted` in C++).
--
-- Objects of the grammar are empty tables: what an object stands for is in a table by the object, where no file
-- can reach or change it, and where `pairs` or a mistyped field in a file finds nothing. Four metatables say what
-- can be done with them: of words, of declarations, of values that are known only in a build, and of poison.
--
-- The same objects live on in functions that run later, in another process. There a mistake is an error of that
-- call: `evaluating` is false, and what would be noted is raised.
local native, vocabulary, lib, walk = ...

local evaluating = true

-- What C++ reads. Objects of the grammar are empty tables; what they stand for is here.
local collected = {
  declarations = {},  -- in order: { word, name, file, line, fields }; without fields: not completed
  index_of = {},      -- declaration object → its index
  value_of = {},      -- object of property or interpolate → { kind, text, default, file, line }
  word_of = {},       -- `worker`, `step.git` themselves → their word
  poison = {},          -- stands for whatever a mistake was about
  names_in_error = {},  -- names of declarations that begin with a mistake; nobody calls them missing
}
local declarations, index_of, value_of, word_of = collected.declarations, collected.index_of, collected.value_of,
                                                  collected.word_of
local poison, names_in_error = collected.poison, collected.names_in_error

local function nothing() return poison end
local function no() return false end
setmetatable(poison, {
  __metatable = "mistake",
  __index = function(_, key)
    if type(key) == "number" then return nil end  -- ends ipairs
    return poison
  end,
  __newindex = function() end,
  __call = function(_, argument)
    if type(argument) == "string" then names_in_error[argument] = true end
    local name = type(argument) == "table" and rawget(argument, "name")
    if type(name) == "string" then names_in_error[name] = true end
    return poison
  end,
  __add = nothing, __sub = nothing, __mul = nothing, __div = nothing, __mod = nothing, __pow = nothing,
  __unm = nothing, __idiv = nothing, __band = nothing, __bor = nothing, __bxor = nothing, __bnot = nothing,
  __shl = nothing, __shr = nothing, __concat = nothing, __len = function() return 0 end,
  __lt = no, __le = no, __tostring = function() return "?" end, __pairs = function() return no end,
})

local function complain(text) native.complain(text) end

--- Refuses `word`, which is neither one of `known` (a table with names as keys) nor a word of the vocabulary.
local function refuse(word, known)
  local names = {}
  for name in next, known or {} do
    if type(name) == "string" then names[#names + 1] = name end
  end
  local text = native.advice(word, names)
  if not evaluating then error(text, 0) end
  complain(text)
  return poison
end
native.refuse = refuse

--- Describes `value` in a message.
local function described(value)
  if word_of[value] then return word_of[value] .. " itself, without { … }" end
  if index_of[value] then return "a " .. declarations[index_of[value]].word end
  if value_of[value] then return "a " .. value_of[value].kind end
  return type(value)
end

local function is_object(value)
  return value == poison or index_of[value] or value_of[value] or word_of[value]
end

local function is_fields(value) return type(value) == "table" and not is_object(value) end

-- Declarations: words, names and fields.

local function fill(declaration, fields)
  local copy = {}
  for key, value in next, fields do copy[key] = value end
  declaration.fields = copy
  local own = copy.name
  if declaration.name and own ~= nil and own ~= poison then
    complain(declaration.word .. " has two names: \"" .. declaration.name .. "\" before its fields and 'name' in them")
  elseif declaration.name == nil and type(own) == "string" then
    declaration.name = own
  end
end

local declared_meta = {
  __metatable = "declaration",
  __call = function(object, fields)
    local declaration = declarations[index_of[object]]
    if fields == poison then
      declaration.fields, declaration.fields_in_error = {}, true
    elseif not is_fields(fields) then
      complain(declaration.word .. " \"" .. (declaration.name or "?") .. "\": expected { fields }, got " .. described(fields))
      declaration.fields, declaration.fields_in_error = {}, true
    elseif declaration.fields then
      complain(declaration.word .. " \"" .. (declaration.name or "?") .. "\" has its fields already")
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
    complain(text)
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
      if argument == poison then return poison end
      if not spec then
        complain("'" .. word .. "' needs a kind: " .. native.variants(word))
        if type(argument) == "string" then names_in_error[argument] = true end
        return poison
      end
      if type(argument) == "string" then
        if spec.name == "none" then complain("'" .. word .. "' has no name: write " .. word .. " { … }") end
        return (declare(word, argument))
      elseif is_fields(argument) then
        local made, declaration = declare(word, nil)
        fill(declaration, argument)
        return made
      end
      local text = "'" .. word .. "': expected a name or { fields }, got " .. described(argument)
      if not evaluating then error(text, 0) end
      complain(text)
      return poison
    end,
    __index = function(_, key)
      local variant = variants and variants[key]
      if variant ~= nil then return variant end
      if spec and key == "extend" then
        complain("'" .. word .. ":extend': kinds of one's own are not yet supported")
        return poison
      end
      return refuse(word .. "." .. lib.tostring(key))
    end,
    __newindex = function(_, key)
      complain("'" .. word .. "." .. lib.tostring(key) .. " = …': kinds of one's own are not yet supported")
      if variants then variants[key] = poison end
    end,
  })
end

-- The globals that a file sees.

local env = {}
local own = {}       -- globals that the files set
local assigned = {}  -- names of these globals; their values may be nil
local globals = {}   -- words of the vocabulary and functions of the library
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
      complain("'" .. name .. "' is a word of the configuration and cannot be set; use a local of another name")
      return
    end
    own[name], assigned[name] = value, true
  end,
  __pairs = function() return walk(own) end,
})

local included = {}  -- path → "running" or { what the file returned }

local function run(path)
  if included[path] == "running" then
    complain("'" .. path .. "' includes itself")
    return poison
  end
  if not included[path] then
    included[path] = "running"
    local chunk = native.load(path, env)
    local result = { poison }
    if chunk then result = table.pack(native.guarded(chunk)) end
    if chunk and result.n == 0 then result = {} end
    included[path] = result
  end
  return table.unpack(included[path])
end

local function file_argument(word, path)
  if path == poison then return nil end
  if type(path) ~= "string" then
    complain(word .. ": expected the name of a file, got " .. described(path))
    return nil
  end
  if not evaluating then error(word .. ": no file can be read by a function that runs later", 0) end
  local clean, why = native.clean_path(path)
  if not clean then complain(word .. " \"" .. path .. "\": " .. why) end
  return clean
end

function globals.include(path)
  local clean = file_argument("include", path)
  if not clean then return poison end
  return run(clean)
end

function globals.load_json(path)
  local clean = file_argument("load_json", path)
  if not clean then return poison end
  local value, ok = native.load_json(clean)
  if not ok then return poison end
  return value
end

-- Values that are known only in a build.

local value_meta = {
  __metatable = "value",
  __index = function(object, key) return refuse(value_of[object].kind .. "." .. lib.tostring(key)) end,
  __newindex = function() error("this cannot be changed", 0) end,
  __concat = function()
    error("property and interpolate have no text before the build runs: write interpolate \"…%(prop:name)s…\"", 0)
  end,
}

local function value(kind, text, default)
  if text == poison then return poison end
  if type(text) ~= "string" then
    complain(kind .. ": expected a string, got " .. described(text))
    return poison
  end
  local problem = native.value_problem(kind, text)
  if problem then
    if not evaluating then error(problem, 0) end
    complain(problem)
    return poison
  end
  local object = setmetatable({}, value_meta)
  local file, line = native.where()
  value_of[object] = { kind = kind, text = text, default = default, file = file, line = line }
  return object
end

function globals.property(name, default) return value("property", name, default) end
function globals.interpolate(text) return value("interpolate", text) end

return collected, run, function() evaluating = false end
