-- SPDX-License-Identifier: Apache-2.0
-- The machines that build. How a row is written: words.lua.
local v = ...

local worker = {
  name = "required",
  fields = {
    slots = { "count", "builds that it runs at once", default = 1 },
    properties = { "properties", "of its builds; source \"Worker\"" },
    default_properties = { "properties", "the same, where no other property of that name is set" },
  },
  later = v.list "locks notify_on_missing missing_timeout machine_name",
  written = { max_builds = "slots", maxBuilds = "slots" },
}

return {
  words = { worker = worker, ["worker.embedded"] = worker },
  later = v.list "worker.pool",
}
