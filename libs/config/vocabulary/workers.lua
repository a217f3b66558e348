-- SPDX-License-Identifier: Apache-2.0
-- The machines that build. How a row is written: words.lua.
local v = ...

local worker = {
  name = "required",
  fields = {
    slots = { "count", "builds that it runs at once", default = 1 },
    properties = { "properties", "of its builds; source \"Worker\"" },
    default_properties = { "properties", "the same, where no other property of that name is set" },
    isolation = { "isolation", "what keeps steps from the rest of the machine: [isolation.md](isolation.md)", default = "none" },
    readable = { "paths", "what isolated steps may read and run, beside the system's directories" },
    writable = { "paths", "what isolated steps may also write, beside the builder's directory and temporary files" },
  },
  later = v.list "locks notify_on_missing missing_timeout machine_name",
  written = { max_builds = "slots", maxBuilds = "slots" },
}

local isolation = v.with(worker.fields.isolation)
isolation.default, isolation.otherwise = nil, "`\"process\"` where the machine can, else `\"none\"`"
local embedded = v.with(worker, { fields = v.with(worker.fields, { isolation = isolation }) })

return {
  words = { worker = worker, ["worker.embedded"] = embedded },
  later = v.list "worker.pool",
}
