// SPDX-License-Identifier: Apache-2.0
// The dialect of GitHub: push and pull_request events. Source: Buildbot 3.7, www/hooks/github.py.
#pragma once

#include <string>
#include <vector>

#include "changesource/hooks/outcome.hpp"
#include "changesource/hooks/skip_patterns.hpp"
#include "json/value.hpp"

namespace headrace::changesource::hooks {

struct GithubOptions {
  std::string secret;  ///< empty: signatures are not checked
  bool strict = false;
  std::string codebase;
  std::vector<std::string> github_property_whitelist;  ///< globs
  std::vector<std::string> skips = SkipPatterns::usual();
  std::string github_api_endpoint = "https://api.github.com";
  std::string pullrequest_ref = "merge";  ///< or "head"
  std::string token;                      ///< for the API; empty: anonymous
  bool debug = false;                     ///< Buildbot's: it makes the calls of the API chatty
  bool verify = true;                     ///< the API's certificate

  SkipPatterns compiled_skips;

  template <class S, class F>
  static void fields(S& s, F&& f) {
    f("secret", s.secret), f("strict", s.strict), f("codebase", s.codebase), f("skips", s.skips);
    f("github_property_whitelist", s.github_property_whitelist);
    f("github_api_endpoint", s.github_api_endpoint), f("pullrequest_ref", s.pullrequest_ref);
    f("token", s.token), f("debug", s.debug), f("verify", s.verify);
  }
};

/// The event pull_request: asks GitHub for the head commit's message and the names of the changed files.
Outcome receive_github_pull(const json::Value& payload, const GithubOptions& options);

}  // namespace headrace::changesource::hooks
