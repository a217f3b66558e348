-- SPDX-License-Identifier: Apache-2.0
-- The installation as a whole. How a row is written: words.lua.
local v = ...

return {
  words = {
    site = {
      name = "none",
      fields = {
        title = { "string", "shown on the pages and in mails", default = "Headrace" },
        url = { "site url", "where people find the pages; links in mails begin with it",
                default = "http://127.0.0.1:8010/" },
        properties = { "properties", "of every build; source \"Global\"" },
        codebase = { "change function", "`function(change)` that gives the codebase of a change which names none",
                     otherwise = "the one codebase `\"\"`" },
      },
      later = v.list "time_zone collapse_requests revlinks prioritize_builders next_worker",
      written = { buildbotURL = "url", codebaseGenerator = "codebase" },
    },
  },
  later = v.list "project retention secret secret_provider lock canceller auth role access parameter",
}
