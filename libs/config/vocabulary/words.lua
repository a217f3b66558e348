-- SPDX-License-Identifier: Apache-2.0
-- Joins the words of the configuration. Each family has a file, which gives for each word the fields, their types,
-- their defaults, and the fields that are still to come.
--
-- The file of a family gives
--   words    word → its row; a word is "kind" or "kind.variant"
--   tables   tables within fields → the same (change_filter, codebase)
--   later    words that are refused with "not yet"; a kind alone stands for all its variants
--
-- A row:
--   name     "required", "variant" (left out, the name is the variant's), "none"
--   runs     of a step: the kind that the worker runs; "command" for all that only run a command
--   fields   name → field
--   later    fields that are refused with "not yet"
--   written  Buildbot's name of a field → the name here (camelCase names need no entry)
--   camel    true: camelCase names are accepted too
--
-- A field: { "type!", "meaning" [, default = …] [, otherwise = "…"] [, …] }
--   type       one of those in the files types_*.cpp; "!" behind it makes the field required
--   meaning    the text of its row in docs/configuration.md
--   default    the value of a field that is not given, as somebody would write it
--   otherwise  the same in words, for a field without a default ("none" when there is neither)
--   target     the member that gets the value, where it has another name; `options` makes it one of the
--              options, which only the kind itself reads
--   excludes   a field that cannot stand beside this one
--   needs      { field, value, says = "…" }: a field without which this one makes no sense, with this value only
-- docs/configuration.md repeats the rows for people; a test keeps the two equal.
local families = ...

local v = {}

--- The fields of all the tables. A later table's field replaces an earlier table's.
function v.with(...)
  local all = {}
  for _, fields in ipairs { ... } do
    for name, field in pairs(fields) do all[name] = field end
  end
  return all
end

local function changed(field, changes) return v.with(field, changes) end

--- Fields that only the kind itself reads.
function v.options(fields)
  local all = {}
  for name, field in pairs(fields) do all[name] = changed(field, { target = "options" }) end
  return all
end

--- The fields with other defaults. A default `false` is the value false.
function v.defaults(defaults, fields)
  local all = v.with(fields)
  for name, default in pairs(defaults) do all[name] = changed(all[name], { default = default }) end
  return all
end

--- The names in all the texts, as one list.
function v.list(...)
  local all = {}
  for _, names in ipairs { ... } do
    for name in names:gmatch("[%w_.]+") do all[#all + 1] = name end
  end
  return all
end

local joined = { functions = v.list "include load_json interpolate property", words = {}, tables = {}, later = {} }
for _, family in ipairs(families) do
  local part = family(v)
  for _, kind in ipairs { "words", "tables" } do
    for name, row in pairs(part[kind] or {}) do
      if joined[kind][name] then error("two rows for " .. name) end
      joined[kind][name] = row
    end
  end
  for _, word in ipairs(part.later or {}) do joined.later[#joined.later + 1] = word end
end
for _, word in ipairs(joined.later) do
  if joined.words[word] then error(word .. " has a row and is among those that come later") end
end
return joined
