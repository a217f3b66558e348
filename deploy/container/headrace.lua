-- SPDX-License-Identifier: Apache-2.0
-- What compose.yaml starts with: edit, and `docker compose run --rm setup` applies it.
site { title = "Headrace in containers" }

worker "w1" { slots = 2 }
worker "w2" { slots = 2 }
worker "w3" { slots = 2 }
worker "w4" { slots = 2 }

hook.base {}

builder "hello" {
  workers = "w*",
  steps = { step.shell "greet" { command = "echo hello from $(hostname)" } },
}

scheduler.branch "main" { branch = "main", builders = "hello" }
scheduler.force "force" { builders = "hello" }
