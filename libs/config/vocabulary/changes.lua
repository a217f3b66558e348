-- SPDX-License-Identifier: Apache-2.0
-- Where changes come from: hooks and pollers. How a row is written: words.lua.
local v = ...

-- Fields of every source, about the changes that it makes.
local codebase = { "string", "of every change", default = "" }

return {
  words = {
    ["hook.github"] = {
      name = "variant", camel = true,
      fields = v.options {
        secret = { "string", "with it, `X-Hub-Signature-256` or `X-Hub-Signature` is checked" },
        strict = { "bool", "refuses requests without a signature; needs `secret`", default = false,
                   needs = { "secret", says = "needs a secret to check requests with" } },
        codebase = codebase,
        github_property_whitelist = { "globs", "globs of the payload's keys that become properties, `github.head.sha`" },
        skips = { "regexes", "patterns in the head commit's message for which nothing is built",
                  default = { "\\[ *skip *ci *\\]", "\\[ *ci *skip *\\]" } },
        pullrequest_ref = { "one of merge, head", "what of a pull request is built: `refs/pull/N/merge` or `…/head`",
                            default = "merge" },
        github_api_endpoint = { "http url", "asked for the files and messages of a pull request",
                                default = "https://api.github.com" },
        token = { "string", "for that" },
        debug = { "bool", "logs requests and answers", default = false },
        verify = { "bool", "checks the endpoint's certificate", default = true },
      },
      later = v.list "class",
    },
    ["hook.gitlab"] = {
      name = "variant", camel = true,
      fields = v.options {
        secret = { "string", "compared with `X-Gitlab-Token`" },
        codebase = codebase,
      },
    },
    ["hook.base"] = {
      name = "variant", camel = true,
      fields = {},
      later = v.list "custom_class",
    },

    ["change_source.git"] = {
      name = "variant",
      fields = v.options {
        url = { "string!", "of the repository, as git takes it" },
        branches = { "globs", "which branches are watched", otherwise = "that of the remote's HEAD" },
        only_tags = { "bool", "watches tags instead of branches", default = false },
        poll_interval = { "interval", "between two looks", default = "10m" },
        codebase = codebase,
        project = { "string", "of every change", default = "" },
        category = { "string", "of every change" },
      },
      later = v.list("branch poll_at_launch poll_random_delay_min poll_random_delay_max workdir git_bin use_timestamps",
                     "build_pushes_with_no_commits ssh_private_key ssh_host_key ssh_known_hosts auth_credentials encoding"),
      written = { repourl = "url", usetimestamps = "use_timestamps" },
    },
  },

  later = v.list("hook.gitea hook.forgejo hook.bitbucketcloud hook.bitbucketserver hook.bitbucket hook.gitorious hook.poller",
                 "change_source.hg change_source.svn change_source.gerrit change_source.github_pulls",
                 "change_source.gitlab_merges change_source.gitea_pulls"),
}
