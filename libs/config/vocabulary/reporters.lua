-- SPDX-License-Identifier: Apache-2.0
-- Who is told about builds. How a row is written: words.lua.
local v = ...
local with, options, defaults, list = v.with, v.options, v.defaults, v.list

-- Fields of every reporter: the builds that it reports.
local reporter = {
  mode = { "mode", "which results are told", otherwise = "every build" },
  builders = { "builder selector", "only these; not with `tags`", otherwise = "all" },
  tags = { "strings", "only builders with one of these", otherwise = "all", excludes = "builders" },
  branches = { "globs", "only builds of these", otherwise = "all" },
  schedulers = { "schedulers", "only builds of these", otherwise = "all" },
}

return {
  words = {
    ["reporter.mail"] = {
      name = "variant",
      fields = with(defaults({ mode = { "failing", "passing", "warnings" } }, reporter), options {
        from = { "address!", "the sender" },
        to = { "addresses", "always get it" },
        relay = { "mail url", "the mail server", default = "smtp://localhost:25" },
        smtp_user = { "string", "for the server" },
        smtp_password = { "string", "for the server" },
        use_tls = { "bool", "demands STARTTLS", default = false },
        send_to_interested_users = { "bool", "to the authors of the changes as well", default = true },
        lookup = { "string", "a domain: added to author names that are no address" },
        subject = { "subject", "interpolated, or `function(report)`", otherwise = "result, builder and title" },
        body = { "report function", "`function(report)` that gives the text", otherwise = "a summary of the build" },
        extra_headers = { "headers", "of every mail" },
      }),
      later = list "reports add_logs add_patch dump_mails_to_log",
      written = { fromaddr = "from", extraRecipients = "to", extra_recipients = "to", relayhost = "relay",
                  generators = "reports" },
    },
    ["reporter.http"] = {
      name = "variant",
      fields = with(reporter, options {
        server_url = { "http url!", "gets a POST with each build as JSON" },
        auth = { "user and password", "for HTTP basic authentication" },
        headers = { "headers", "of every request" },
      }),
      later = list "reports cert verify skip_encoding body",
      written = { generators = "reports" },
    },
  },

  later = list("report reporter.github reporter.gitlab reporter.gitea reporter.bitbucket reporter.gerrit reporter.irc",
               "reporter.slack reporter.matrix"),
}
