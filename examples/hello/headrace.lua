-- SPDX-License-Identifier: Apache-2.0
-- A small C project: fetched, compiled and tested at every commit. `deploy/quickstart` makes its git
-- repository and the file site.json beside this one: { "repository": "/path/to/hello.git" }.
local repository = load_json "site.json".repository

site { title = "Hello" }

worker.embedded "local" { slots = 2 }

change_source.git "hello" { url = repository, branches = "main", poll_interval = "5s" }
hook.base {}

builder "hello" {
  description = "Says hello, and proves it",
  tags = { "c" },
  workers = "local",
  steps = {
    step.git { url = repository, branch = "main" },
    step.compile { command = { "make", "all" } },
    step.test {
      command = { "make", "test" },
      env = { GREETING_REVISION = interpolate "%(prop:got_revision)s" },
      -- A build that is forced with the property tests = "no" leaves them out.
      do_step_if = function(build) return build.properties.tests ~= "no" end,
    },
  },
}

scheduler.branch "main" { branch = "main", tree_stable_timer = "1s", builders = "hello" }
scheduler.force "force" { builders = "hello", button_name = "Build hello" }
