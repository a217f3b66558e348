// SPDX-License-Identifier: Apache-2.0
#include "changesource/hooks/github.hpp"

#include <algorithm>
#include <cctype>

#include "changesource/hooks/dialect.hpp"
#include "changesource/hooks/payload.hpp"
#include "changesource/hooks/properties.hpp"
#include "changesource/hooks/signature.hpp"
#include "json/bounded_parse.hpp"
#include "limits/limits.hpp"

namespace headrace::changesource::hooks {
namespace {

// "Application/JSON; charset=utf-8" → "application/json".
std::string media_type(std::string_view header) {
  std::string out(header.substr(0, header.find(';')));
  out.erase(std::find_if_not(out.rbegin(), out.rend(), [](char c) { return c == ' '; }).base(), out.end());
  std::transform(out.begin(), out.end(), out.begin(), [](unsigned char c) { return std::tolower(c); });
  return out;
}

Result<json::Value> read_payload(const http::Request& request) {
  const std::string type = media_type(request.header("Content-Type"));
  if (type == "application/json") return json::parse_bounded(request.body, limits::kHookJsonValues);
  if (type != "application/x-www-form-urlencoded") {
    return fail("Unknown content type: " + std::string(request.header("Content-Type")));
  }
  if (http::too_many_fields(request.body)) return fail("the form has too many fields");
  for (const auto& [name, value] : http::parse_form(request.body)) {
    if (name == "payload") return json::parse_bounded(value, limits::kHookJsonValues);
  }
  return fail("the form has no field 'payload'");
}

wire::Change push_change(const json::Value& commit, Payload& payload) {
  Payload fields(commit);
  wire::Change change;
  change.author = person(fields, "author");
  change.committer = person(fields, "committer");
  change.comments = fields.text("message");
  change.revision = fields.text("id");
  change.revlink = fields.text("url");
  change.when_ms = fields.time_ms("timestamp");
  for (const char* kind : {"added", "modified", "removed"}) fields.append_texts(kind, change.files);
  const auto& distinct = commit["distinct"];
  set_property(change.properties, "github_distinct", distinct.is_null() ? json::Value(true) : distinct);
  if (!fields.problem().empty()) payload.complain("a commit: " + fields.problem());
  return change;
}

Outcome receive_push(const json::Value& root, const GithubOptions& options) {
  Payload payload(root);
  wire::Change common;
  common.source = "github";
  common.codebase = options.codebase;
  common.repository = payload.text("repository.html_url");
  common.project = payload.text("repository.full_name");
  const std::string ref = payload.text("ref");
  if (!payload.problem().empty()) return Refusal{400, payload.problem()};
  for (const auto& [prefix, category] :
       {std::pair<std::string, std::optional<std::string>>{"refs/heads/", {}}, {"refs/tags/", "tag"}}) {
    if (ref.size() > prefix.size() && ref.compare(0, prefix.size(), prefix) == 0) {
      common.branch = ref.substr(prefix.size());
      common.category = category;
    }
  }
  if (!common.branch || root["deleted"].truthy()) return Delivery{};

  const json::Value& head = payload.need("head_commit");
  if (!head.is_object()) return Refusal{400, "the payload has no 'head_commit'"};
  if (options.compiled_skips.match(head["message"].string_or(""))) return Delivery{};
  // All that a new branch or tag has in common with others is known already.
  const json::Array commits = root["created"].truthy()             ? json::Array{head}
                              : payload.need("commits").is_array() ? root["commits"].as_array()
                                                                   : json::Array{};
  if (!root["created"].truthy() && !root["commits"].is_array()) payload.complain("'commits' is a list");

  const Properties extra = whitelisted(root, "github", options.github_property_whitelist);
  Delivery delivery;
  delivery.changes.reserve(commits.size());
  for (const auto& commit : commits) {
    wire::Change change = push_change(commit, payload);
    change.source = common.source;
    change.codebase = common.codebase;
    change.repository = common.repository;
    change.project = common.project;
    change.branch = common.branch;
    change.category = common.category;
    set_property(change.properties, "event", "push");
    override_with(change.properties, extra);
    delivery.changes.push_back(std::move(change));
  }
  if (!payload.problem().empty()) return Refusal{400, payload.problem()};
  return delivery;
}

Outcome receive(const http::Request& request, const GithubOptions& options) {
  const auto signature = check_hub_signature(request, options.secret, options.strict);
  if (!signature) return Refusal{400, signature.error().text};
  const auto payload = read_payload(request);
  if (!payload) return Refusal{400, payload.error().text};
  const std::string event(request.header("X-GitHub-Event"));
  if (event == "push") return receive_push(*payload, options);
  if (event == "pull_request") return receive_github_pull(*payload, options);
  if (event == "ping" || event == "workflow_run") return Delivery{};
  if (event.empty()) return Refusal{400, "the request has no header X-GitHub-Event"};
  return Refusal{400, "Unknown event: " + event};
}

Result<Handler> prepare(const config::Options& given) {
  auto options = given.as<GithubOptions>();
  while (options.github_api_endpoint.ends_with('/')) options.github_api_endpoint.pop_back();
  auto compiled = SkipPatterns::compile(options.skips);
  if (!compiled) return fail("option 'skips': " + compiled.error().text);
  options.compiled_skips = std::move(*compiled);
  return [options = std::move(options)](const http::Request& request, WallTime) {
    return receive(request, options);
  };
}

constexpr std::string_view kIdHeaders[] = {"X-GitHub-Delivery"};

}  // namespace

extern const Dialect github_dialect;
const Dialect github_dialect{"github", kIdHeaders, prepare};

}  // namespace headrace::changesource::hooks
