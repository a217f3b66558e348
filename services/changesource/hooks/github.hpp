// SPDX-License-Identifier: Apache-2.0
// The dialect of GitHub: push and pull_request events. Source: Buildbot 3.7, www/hooks/github.py.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "changesource/hooks/outcome.hpp"
#include "changesource/hooks/skip_patterns.hpp"
#include "http/server.hpp"
#include "json/value.hpp"
#include "result/result.hpp"

namespace headrace::changesource::hooks {

struct GithubOptions {
  std::string secret;  ///< empty: signatures are not checked
  bool strict = false;
  std::string codebase;
  std::vector<std::string> github_property_whitelist;  ///< globs
  SkipPatterns skips;
  std::string github_api_endpoint = "https://api.github.com";  ///< without a slash at the end
  std::string pullrequest_ref = "merge";                       ///< or "head"
  std::string token;                                           ///< for the API; empty: anonymous
  bool verify = true;                                          ///< the API's certificate
};

/// Errors name the option: unknown, of the wrong type, a wrong pattern, strict without a secret.
[[nodiscard]] Result<GithubOptions> read_github_options(const json::Object& options);

Outcome receive_github(const http::Request& request, const json::Object& options);

/// The event pull_request: asks GitHub for the head commit's message and the names of the changed files.
Outcome receive_github_pull(const json::Value& payload, const GithubOptions& options);

}  // namespace headrace::changesource::hooks
