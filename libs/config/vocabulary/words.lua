-- SPDX-License-Identifier: Apache-2.0
-- The words of the configuration: what each may say, of which type, and what it cannot say yet.
--
-- A word is "kind" or "kind.variant". Of each:
--   name      "required", "variant" (left out, the name is the variant's), "none"
--   fields    field → type; the types are those of check_types.cpp, "!" behind one makes the field required
--   later     fields of docs' vocabulary that are refused with "not yet"
--   written   what Buildbot calls it → what it is called here (besides camelCase, which is found by rule)
--   camel     true: camelCase names are accepted too
-- docs/configuration.md repeats this for people; a test keeps the two equal.

local function with(...)
  local all = {}
  for _, fields in ipairs { ... } do
    for name, type in pairs(fields) do all[name] = type end
  end
  return all
end

local function list(...)
  local all = {}
  for _, names in ipairs { ... } do
    for name in names:gmatch("[%w_]+") do all[#all + 1] = name end
  end
  return all
end

local function filter_on(attribute)
  return { [attribute] = "values", [attribute .. "_not_eq"] = "values", [attribute .. "_re"] = "regexes",
           [attribute .. "_not_re"] = "regexes", [attribute .. "_fn"] = "value function" }
end

-- Of every step.
local step = {
  name = "renderable string", workdir = "renderable string", env = "env",
  description = "description", description_done = "description",
  halt_on_failure = "bool", flunk_on_failure = "bool", warn_on_failure = "bool",
  flunk_on_warnings = "bool", warn_on_warnings = "bool", always_run = "bool",
  do_step_if = "condition", hide_step_if = "hide condition",
}
local step_later = "locks description_suffix update_build_summary_policy log_encoding"

-- Of every step that runs programs on the worker.
local program = { timeout = "duration", max_time = "duration", log_environ = "bool" }
local command = with(step, program, {
  max_lines = "limit", sigterm_time = "duration", initial_stdin = "renderable string", decode_rc = "exit codes",
})
local command_later = "use_pty logfiles lazylogfiles interrupt_signal want_stdout want_stderr collect_stdout collect_stderr"
local warnings = { warning_pattern = "regex", max_warn_count = "integer" }
local warnings_later = "warning_extractor suppression_file suppression_list directory_enter_pattern directory_leave_pattern"

local scheduler = {
  builders = "builders!", properties = "scheduler properties", priority = "integer", reason = "string",
}
local scheduler_written = { builderNames = "builders", builder_names = "builders", fileIsImportant = "important",
                            file_is_important = "important" }

-- Which builds a reporter tells of.
local report = { mode = "mode", builders = "builder selector", tags = "strings", branches = "globs",
                 schedulers = "schedulers" }

return {
  functions = list "include load_json interpolate property",

  words = {
    site = {
      name = "none",
      fields = { title = "string", url = "site url", time_zone = "time zone", properties = "properties",
                 collapse_requests = "bool", codebase = "change function" },
      later = list "revlinks prioritize_builders next_worker",
      written = { buildbotURL = "url", codebaseGenerator = "codebase" },
    },

    ["hook.github"] = {
      name = "variant", camel = true,
      fields = { secret = "string", strict = "bool", codebase = "string", github_property_whitelist = "globs",
                 skips = "regexes", pullrequest_ref = "one of merge, head", github_api_endpoint = "http url",
                 token = "string", debug = "bool", verify = "bool" },
      later = list "class",
    },
    ["hook.gitlab"] = {
      name = "variant", camel = true,
      fields = { secret = "string", codebase = "string" },
      later = {},
    },
    ["hook.base"] = {
      name = "variant", camel = true,
      fields = {},
      later = list "custom_class",
    },

    ["change_source.git"] = {
      name = "variant",
      fields = { url = "string!", branches = "globs", only_tags = "bool", poll_interval = "interval",
                 codebase = "string", project = "string", category = "string" },
      later = list("branch poll_at_launch poll_random_delay_min poll_random_delay_max workdir git_bin use_timestamps",
                   "build_pushes_with_no_commits ssh_private_key ssh_host_key ssh_known_hosts auth_credentials encoding"),
      written = { repourl = "url", usetimestamps = "use_timestamps" },
    },

    worker = {
      name = "required",
      fields = { slots = "count", properties = "properties", default_properties = "properties" },
      later = list "locks notify_on_missing missing_timeout machine_name",
      written = { max_builds = "slots", maxBuilds = "slots" },
    },
    ["worker.embedded"] = {
      name = "required",
      fields = { slots = "count", properties = "properties", default_properties = "properties" },
      later = list "locks notify_on_missing missing_timeout machine_name",
      written = { max_builds = "slots", maxBuilds = "slots" },
    },

    builder = {
      name = "required",
      fields = { workers = "workers!", tags = "strings", description = "string", env = "env",
                 properties = "renderables", default_properties = "renderables", max_builds_per_worker = "count",
                 collapse_requests = "bool", steps = "steps!" },
      later = list "project locks max_builds next_worker next_build can_start_build do_build_if pipeline builddir workerbuilddir",
      written = { workername = "workers", workernames = "workers", workerNames = "workers", factory = "steps" },
    },

    ["step.git"] = {
      name = "variant",
      fields = with(step, program, {
        url = "renderable string!", branch = "renderable string", mode = "one of incremental, full",
        method = "one of clean, fresh, clobber, copy", shallow = "depth", submodules = "bool", codebase = "string",
      }),
      later = list(step_later, "always_use_latest retry reference remote_submodules filters tags progress retry_fetch",
                   "clobber_on_failure get_description config origin port ssh_private_key ssh_host_key ssh_known_hosts",
                   "auth_credentials git_credentials"),
      written = { repourl = "url" },
    },
    ["step.shell"] = {
      name = "variant",
      fields = with(command, { command = "command!" }),
      later = list(step_later, command_later),
    },
    ["step.compile"] = {
      name = "variant",
      fields = with(command, warnings, { command = "command" }),
      later = list(step_later, command_later, warnings_later),
    },
    ["step.test"] = {
      name = "variant",
      fields = with(command, warnings, { command = "command" }),
      later = list(step_later, command_later, warnings_later),
    },
    ["step.set_property"] = {
      name = "variant",
      fields = with(step, { property = "string!", value = "renderable!" }),
      later = list(step_later),
    },

    ["scheduler.branch"] = {
      name = "required",
      fields = with(scheduler, {
        branch = "string or false", tree_stable_timer = "duration", important_files = "path globs",
        important = "change function", only_important = "bool", change_filter = "change filter",
        codebases = "codebases",
      }),
      later = list "categories create_absolute_source_stamps enabled",
      written = scheduler_written,
    },
    ["scheduler.force"] = {
      name = "required",
      fields = with(scheduler, { button_name = "string" }),
      later = list "parameters codebases username label reason_string enabled",
      written = scheduler_written,
    },

    ["reporter.mail"] = {
      name = "variant",
      fields = with(report, {
        from = "address!", to = "addresses", relay = "mail url", smtp_user = "string", smtp_password = "string",
        use_tls = "bool", send_to_interested_users = "bool", lookup = "string", subject = "subject",
        body = "report function", extra_headers = "headers",
      }),
      later = list "reports add_logs add_patch dump_mails_to_log",
      written = { fromaddr = "from", extraRecipients = "to", extra_recipients = "to", relayhost = "relay",
                  generators = "reports" },
    },
    ["reporter.http"] = {
      name = "variant",
      fields = with(report, { server_url = "http url!", auth = "user and password", headers = "headers" }),
      later = list "reports cert verify skip_encoding body",
      written = { generators = "reports" },
    },
  },

  -- Tables within fields: a change filter, one of the codebases of a scheduler.
  tables = {
    change_filter = {
      name = "none",
      fields = with(filter_on "project", filter_on "repository", filter_on "branch", filter_on "category",
                    filter_on "codebase", {
        property_eq = "values by property", property_not_eq = "values by property",
        property_re = "regexes by property", property_not_re = "regexes by property", filter_fn = "change function",
      }),
    },
    codebase = {
      name = "none",
      fields = { repository = "string", project = "string", branch = "string", revision = "string" },
    },
  },

  -- Words of the vocabulary that are refused with "not yet"; a kind alone stands for all its variants.
  later = {
    "project", "retention", "secret", "secret_provider", "lock", "canceller", "auth", "role", "access", "parameter",
    "report",
    "hook.gitea", "hook.forgejo", "hook.bitbucketcloud", "hook.bitbucketserver", "hook.bitbucket", "hook.gitorious",
    "hook.poller",
    "change_source.hg", "change_source.svn", "change_source.gerrit", "change_source.github_pulls",
    "change_source.gitlab_merges", "change_source.gitea_pulls",
    "worker.pool",
    "step.hg", "step.svn", "step.git_commit", "step.git_tag", "step.git_push", "step.sequence", "step.configure",
    "step.set_properties", "step.set_property_from_command", "step.assert", "step.upload", "step.upload_directory",
    "step.download", "step.download_string", "step.copy_directory", "step.remove_directory", "step.make_directory",
    "step.file_exists", "step.master_shell", "step.http", "step.trigger", "step.cmake", "step.ctest", "step.pytest",
    "scheduler.any_branch", "scheduler.dependent", "scheduler.periodic", "scheduler.nightly", "scheduler.triggerable",
    "scheduler.nightly_triggerable", "scheduler.try",
    "reporter.github", "reporter.gitlab", "reporter.gitea", "reporter.bitbucket", "reporter.gerrit", "reporter.irc",
    "reporter.slack", "reporter.matrix",
  },
}
