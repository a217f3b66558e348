// SPDX-License-Identifier: Apache-2.0
#include "changesource/hooks/github.hpp"

namespace headrace::changesource::hooks {
namespace {

using Check = Result<void>;

Check read(const json::Value& value, std::string& out) {
  if (!value.is_string()) return fail("a string, not " + json::write(value));
  out = value.as_string();
  return {};
}

Check read(const json::Value& value, bool& out) {
  if (!value.is_bool()) return fail("true or false, not " + json::write(value));
  out = value.as_bool();
  return {};
}

Check read(const json::Value& value, std::vector<std::string>& out) {
  // An empty table of Lua is an object here.
  if (value.is_object() && value.as_object().empty()) return {};
  if (!value.is_array()) return fail("a list of strings, not " + json::write(value));
  out.clear();
  for (const auto& element : value.as_array()) {
    if (!element.is_string()) return fail("a list of strings, not with " + json::write(element));
    out.push_back(element.as_string());
  }
  return {};
}

}  // namespace

Result<GithubOptions> read_github_options(const json::Object& options) {
  GithubOptions out;
  std::vector<std::string> skips = SkipPatterns::usual();
  bool debug = false;  // Buildbot's; it makes its API calls chatty
  for (const auto& [name, value] : options) {
    Check check;
    if (name == "secret") {
      check = read(value, out.secret);
    } else if (name == "strict") {
      check = read(value, out.strict);
    } else if (name == "codebase") {
      check = read(value, out.codebase);
    } else if (name == "github_property_whitelist") {
      check = read(value, out.github_property_whitelist);
    } else if (name == "skips") {
      skips.clear();
      check = read(value, skips);
    } else if (name == "github_api_endpoint") {
      check = read(value, out.github_api_endpoint);
    } else if (name == "pullrequest_ref") {
      check = read(value, out.pullrequest_ref);
    } else if (name == "token") {
      check = read(value, out.token);
    } else if (name == "verify") {
      check = read(value, out.verify);
    } else if (name == "debug") {
      check = read(value, debug);
    } else {
      return fail("unknown option '" + name + "'");
    }
    if (!check) return fail("option '" + name + "' is " + check.error().text);
  }
  if (out.pullrequest_ref != "merge" && out.pullrequest_ref != "head") {
    return fail("option 'pullrequest_ref' is \"merge\" or \"head\", not \"" + out.pullrequest_ref + "\"");
  }
  if (out.strict && out.secret.empty()) return fail("option 'strict' needs a 'secret'");
  while (!out.github_api_endpoint.empty() && out.github_api_endpoint.back() == '/')
    out.github_api_endpoint.pop_back();
  if (out.github_api_endpoint.rfind("http://", 0) != 0 && out.github_api_endpoint.rfind("https://", 0) != 0) {
    return fail("option 'github_api_endpoint' is a URL with http:// or https://, not \"" +
                out.github_api_endpoint + "\"");
  }
  auto compiled = SkipPatterns::compile(skips);
  if (!compiled) return fail("option 'skips': " + compiled.error().text);
  out.skips = std::move(*compiled);
  return out;
}

}  // namespace headrace::changesource::hooks
