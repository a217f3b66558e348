-- SPDX-License-Identifier: Apache-2.0
-- What a build does. How a row is written: words.lua.
--
-- A step that only runs a command with other defaults is a row and nothing else: `runs = "command"`. A kind that
-- has a room of its own in the worker is named in `runs`. Its own fields are `options`: they reach the room in the
-- plan's `options`, with the defaults filled in.
local v = ...
local with, options, defaults, list = v.with, v.options, v.defaults, v.list

-- Fields of every step.
local step = {
  name = { "renderable string", "at most 50 characters; a second step of one name gets `_1`",
           otherwise = "the string before its fields, else the kind" },
  workdir = { "renderable string", "relative to the builder's directory", default = "build" },
  env = { "env", "on top of the builder's" },
  description = { "description", "shown while it runs; alone, also afterwards", otherwise = "of the kind" },
  description_done = { "description", "shown afterwards", otherwise = "of the kind" },
  halt_on_failure = { "bool", "a failure ends the build; `always_run` steps still run", default = false },
  flunk_on_failure = { "bool", "a failure makes the build fail", default = true },
  warn_on_failure = { "bool", "a failure gives the build warnings", default = false },
  flunk_on_warnings = { "bool", "warnings make the build fail", default = false },
  warn_on_warnings = { "bool", "warnings give the build warnings", default = false },
  always_run = { "bool", "runs after a halt or a cancel, too", default = false },
  do_step_if = { "condition", "if false: skipped", default = true },
  hide_step_if = { "hide condition", "hides it from the page; asked when it has finished", default = false },
}
local step_later = "locks description_suffix update_build_summary_policy log_encoding"

-- Fields of every step that runs programs on the worker.
local program = {
  timeout = { "duration", "without output, until it is killed", default = "20m", target = "timeout_ms" },
  max_time = { "duration", "in all, until it is killed", target = "max_time_ms" },
  log_environ = { "bool", "shows the environment in the log", default = true },
}

-- Fields of every step that runs one command.
local command = with(step, program, {
  max_lines = { "limit", "of output, until it is killed" },
  sigterm_time = { "duration", "between SIGTERM and SIGKILL; 0: SIGKILL at once", default = 0, target = "sigterm_ms" },
  initial_stdin = { "renderable string", "what it reads" },
  decode_rc = { "exit codes", "the result of each exit code; failure for the rest", otherwise = "`{ [0] = \"success\" }`" },
})
local command_later = "use_pty logfiles lazylogfiles interrupt_signal want_stdout want_stderr collect_stdout collect_stderr"
local command_itself = "a string goes to the shell, a list is run as it is"

-- Fields of every step that counts warnings.
local warnings = {
  warning_pattern = { "regex", "lines that match are counted, in the property `warnings-count`" },
  max_warn_count = { "integer", "more warnings than this are a failure", otherwise = "no limit" },
}
local warnings_later = "warning_extractor suppression_file suppression_list directory_enter_pattern directory_leave_pattern"

return {
  words = {
    ["step.shell"] = {
      name = "variant", runs = "command",
      fields = with(command, { command = { "command!", command_itself } }),
      later = list(step_later, command_later),
    },
    ["step.compile"] = {
      name = "variant", runs = "command",
      fields = defaults(
        { halt_on_failure = true, description = "compiling", description_done = "compile", command = { "make", "all" },
          warning_pattern = "(?i).*warning[: ].*" },
        with(command, warnings, { command = { "command", command_itself } })),
      later = list(step_later, command_later, warnings_later),
    },
    ["step.test"] = {
      name = "variant", runs = "command",
      fields = defaults(
        { warn_on_failure = true, description = "testing", description_done = "test", command = { "make", "test" } },
        with(command, warnings, { command = { "command", command_itself } })),
      later = list(step_later, command_later, warnings_later),
    },

    ["step.git"] = {
      name = "variant", runs = "git",
      fields = with(
        defaults({ halt_on_failure = true, description = "updating", description_done = "update" }, with(step, program)),
        options {
          url = { "renderable string!", "of the repository, as git takes it" },
          branch = { "renderable string", "for builds without a branch", otherwise = "the change's, else the remote's HEAD" },
          mode = { "one of incremental, full", "keeps the tree of the build before, or begins anew", default = "incremental" },
          method = { "one of clean, fresh, clobber, copy",
                     "of `mode = \"full\"`: clean keeps ignored files, fresh does not, clobber clones again, copy builds in a copy",
                     default = "fresh", needs = { "mode", "full", says = "is used with mode = \"full\" only" } },
          shallow = { "depth", "fetches only the newest commit, or so many", default = false },
          submodules = { "bool", "checks out submodules, too", default = false },
          codebase = { "string", "whose source stamp is checked out", default = "" },
        }),
      later = list(step_later, "always_use_latest retry reference remote_submodules filters tags progress retry_fetch",
                   "clobber_on_failure get_description config origin port ssh_private_key ssh_host_key ssh_known_hosts",
                   "auth_credentials git_credentials"),
      written = { repourl = "url" },
    },
    ["step.set_property"] = {
      name = "variant", runs = "set_property",
      fields = with(step, options {
        property = { "string!", "its name" },
        value = { "renderable!", "its value" },
      }),
      later = list(step_later),
    },
    ["step.remove_directory"] = {
      name = "variant", runs = "remove_directory",
      fields = with(step, program, options { dir = { "renderable string!", "relative to the builder's directory, and inside it" } }),
      later = list(step_later),
    },
  },

  later = list("step.hg step.svn step.git_commit step.git_tag step.git_push step.sequence step.configure",
               "step.set_properties step.set_property_from_command step.assert step.upload step.upload_directory",
               "step.download step.download_string step.copy_directory step.make_directory",
               "step.file_exists step.master_shell step.http step.trigger step.cmake step.ctest step.pytest"),
}
