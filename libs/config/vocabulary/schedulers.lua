-- SPDX-License-Identifier: Apache-2.0
-- What is built when. How a row is written: words.lua.
local v = ...
local with, options, list = v.with, v.options, v.list

-- Fields of every scheduler.
local scheduler = {
  builders = { "builders!", "which are built" },
  properties = { "scheduler properties", "of its builds; source \"Scheduler\"" },
  priority = { "priority", "higher is built first", default = 0 },
  reason = { "string", "shown with the build", otherwise = "of the kind" },
}
local written = { builderNames = "builders", builder_names = "builders", fileIsImportant = "important",
                  file_is_important = "important" }

-- Fields of a change filter for one attribute of a change.
local function filter_on(attribute)
  return {
    [attribute] = { "values", "is one of these", otherwise = "every" },
    [attribute .. "_not_eq"] = { "values", "is none of these", otherwise = "" },
    [attribute .. "_re"] = { "regexes", "begins with a match of one of these", otherwise = "" },
    [attribute .. "_not_re"] = { "regexes", "begins with no match of any of these", otherwise = "" },
    [attribute .. "_fn"] = { "value function", "`function(" .. attribute .. ")` answers true", otherwise = "" },
  }
end

return {
  words = {
    ["scheduler.branch"] = {
      name = "required",
      fields = with(scheduler, options {
        branch = { "string or false", "only changes of this branch; `false`: only changes without one", otherwise = "every branch" },
        tree_stable_timer = { "duration", "quiet time before a build; without it every important change is built at once; see below" },
        important_files = { "path globs", "files that make a change important", otherwise = "all" },
        important = { "change function", "the same as `function(change)`", otherwise = "all", excludes = "important_files" },
        only_important = { "bool", "forgets unimportant changes altogether", default = false },
        change_filter = { "change filter", "see below" },
        codebases = { "codebases", "those that a build is made of, with what to take where no change came",
                      otherwise = "the one codebase `\"\"`" },
      }),
      later = list "categories create_absolute_source_stamps enabled",
      written = written,
    },
    ["scheduler.force"] = {
      name = "required",
      fields = with(scheduler, options { button_name = { "string", "on the button", otherwise = "its name" } }),
      later = list "parameters codebases username label reason_string enabled",
      written = written,
    },
    ["scheduler.periodic"] = {
      name = "required",
      fields = with(scheduler, options { periodic_build_timer = { "interval!", "from the start of one build to that of the next" } }),
      later = list("branch change_filter codebases create_absolute_source_stamps enabled important important_files",
                   "only_if_changed only_important"),
      written = written,
    },
  },

  tables = {
    change_filter = {
      name = "none",
      fields = with(filter_on "project", filter_on "repository", filter_on "branch", filter_on "category",
                    filter_on "codebase", {
        property_eq = { "values by property", "each property is one of its values", otherwise = "" },
        property_not_eq = { "values by property", "none is one of its values", otherwise = "" },
        property_re = { "regexes by property", "each begins with a match", otherwise = "" },
        property_not_re = { "regexes by property", "none begins with a match", otherwise = "" },
        filter_fn = { "change function", "`function(change)` answers true", otherwise = "" },
      }),
    },
    codebase = {
      name = "none",
      fields = {
        repository = { "string", "where its changes come from", default = "" },
        project = { "string", "its project", default = "" },
        branch = { "string", "built where no change says otherwise" },
        revision = { "string", "built where no change says otherwise", otherwise = "the newest" },
      },
    },
  },

  later = list("scheduler.any_branch scheduler.dependent scheduler.nightly scheduler.triggerable",
               "scheduler.nightly_triggerable scheduler.try"),
}
