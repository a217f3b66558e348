-- SPDX-License-Identifier: Apache-2.0
-- What is built, where, and by which steps. How a row is written: words.lua.
local v = ...

return {
  words = {
    builder = {
      name = "required",
      fields = {
        workers = { "workers!", "on which it may build" },
        tags = { "strings", "for people and selections" },
        description = { "string", "shown on its page", default = "" },
        env = { "env", "for every step; a step's own `env` comes on top" },
        properties = { "renderables", "of its builds; source \"Builder\"" },
        default_properties = { "renderables", "the same, where no other property of that name is set" },
        max_builds_per_worker = { "count", "its builds at once on one worker; the second has the work directory `<builder>~2`",
                                  default = 1 },
        steps = { "steps!", "run one after another" },
      },
      later = v.list("project collapse_requests locks max_builds next_worker next_build can_start_build do_build_if pipeline builddir",
                     "workerbuilddir"),
      written = { workername = "workers", workernames = "workers", workerNames = "workers", factory = "steps" },
    },
  },
}
