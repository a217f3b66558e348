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
        time_zone = { "time zone", "for times that people read", otherwise = "that of the machine" },
        properties = { "properties", "of every build; source \"Global\"" },
        collapse_requests = { "bool", "whether a waiting request is merged into a later one like it; a builder may say otherwise",
                              otherwise = "`true`" },
        codebase = { "change function", "`function(change)` that gives the codebase of a change which names none",
                     otherwise = "the one codebase `\"\"`" },
      },
      later = v.list "revlinks prioritize_builders next_worker",
      written = { buildbotURL = "url", codebaseGenerator = "codebase" },
    },
  },
  later = v.list "project retention secret secret_provider lock canceller auth role access parameter",
}
