// SPDX-License-Identifier: Apache-2.0
// The dialect of GitLab: pushes, tags, merge requests and notes on them. Source: Buildbot 3.7,
// www/hooks/gitlab.py.
#include "changesource/hooks/dialect.hpp"
#include "changesource/hooks/payload.hpp"
#include "changesource/hooks/properties.hpp"
#include "changesource/hooks/signature.hpp"
#include "json/bounded_parse.hpp"
#include "limits/limits.hpp"

namespace headrace::changesource::hooks {
namespace {

// The branch or tag of "refs/heads/x" and "refs/tags/x"; nullopt for any other ref.
std::optional<std::string> branch_of(const std::string& ref) {
  for (const std::string prefix : {"refs/heads/", "refs/tags/"}) {
    if (ref.size() > prefix.size() && ref.compare(0, prefix.size(), prefix) == 0)
      return ref.substr(prefix.size());
  }
  return std::nullopt;
}

Outcome receive_push(const json::Value& root, const std::string& event) {
  Payload payload(root);
  payload.need("user_name");  // there in every push; without it this is something else
  const std::string repository = payload.text("repository.url");
  const std::string project = payload.text("repository.name");
  const auto branch = branch_of(payload.text("ref"));
  if (!payload.problem().empty()) return Refusal{400, payload.problem()};
  if (!branch || root["deleted"].truthy()) return Delivery{};
  const auto& commits = payload.need("commits");
  if (!commits.is_array()) return Refusal{400, "'commits' is a list"};
  Delivery delivery;
  for (const auto& commit : commits.as_array()) {
    if (commit.is_object() && commit.as_object().contains("distinct") && !commit["distinct"].truthy())
      continue;
    Payload fields(commit);
    wire::Change change;
    change.source = "gitlab";
    change.author = person(fields, "author");
    change.comments = fields.text("message");
    change.revision = fields.text("id");
    change.revlink = fields.text("url");
    change.when_ms = fields.time_ms("timestamp");
    for (const char* kind : {"added", "modified", "removed"}) fields.append_texts(kind, change.files);
    change.branch = branch;
    change.repository = repository;
    change.project = project;
    change.category = event;
    set_property(change.properties, "event", event);
    if (!fields.problem().empty()) return Refusal{400, "a commit: " + fields.problem()};
    delivery.changes.push_back(std::move(change));
  }
  return delivery;
}

bool is_over(const std::string& state) {
  return state == "closed" || state == "merged" || state == "approved";
}

// The change for the present state of the merge request at `at` ("object_attributes", "merge_request").
wire::Change merge_request_change(Payload& payload, const std::string& at, const std::string& event) {
  wire::Change change;
  change.source = "gitlab";
  change.author = person(payload, at + ".last_commit.author");
  change.comments = "MR#" + payload.printed(at + ".iid") + ": " + payload.printed(at + ".title") + "\n\n" +
                    payload.printed(at + ".description");
  change.revision = payload.text(at + ".last_commit.id");
  change.when_ms = payload.time_ms(at + ".last_commit.timestamp");
  change.branch = payload.text(at + ".target_branch");
  change.repository = payload.text(at + ".target.git_http_url");
  change.project = payload.text(at + ".target.name");
  change.category = event;
  change.revlink = payload.text(at + ".url");
  for (const std::string side : {"source", "target"}) {
    auto& p = change.properties;
    set_property(p, side + "_branch", payload.need(at + "." + side + "_branch"));
    set_property(p, side + "_project_id", payload.need(at + "." + side + "_project_id"));
    set_property(p, side + "_repository", payload.need(at + "." + side + ".git_http_url"));
    set_property(p, side + "_git_ssh_url", payload.need(at + "." + side + ".git_ssh_url"));
  }
  set_property(change.properties, "event", event);
  return change;
}

Outcome one_change(const Payload& payload, wire::Change change) {
  if (!payload.problem().empty()) return Refusal{400, payload.problem()};
  Delivery delivery;
  delivery.changes.push_back(std::move(change));
  return delivery;
}

Outcome receive_merge_request(const json::Value& root, const std::string& event) {
  Payload payload(root);
  const std::string state = payload.text("object_attributes.state");
  if (!payload.problem().empty()) return Refusal{400, payload.problem()};
  if (is_over(state)) return Delivery{};
  const std::string action = payload.text("object_attributes.action");
  if (!payload.problem().empty()) return Refusal{400, payload.problem()};
  // An update is a new commit only when it names the old one; a new title or label does not.
  const bool new_commit = action == "update" && root["object_attributes"].as_object().contains("oldrev");
  if (action != "open" && action != "reopen" && !new_commit) return Delivery{};
  auto change = merge_request_change(payload, "object_attributes", event);
  return one_change(payload, std::move(change));
}

Outcome receive_note(const json::Value& root, const std::string& event) {
  if (!root["merge_request"].is_object()) return Delivery{};  // on a commit, an issue, a snippet
  Payload payload(root);
  const std::string state = payload.text("merge_request.state");
  if (!payload.problem().empty()) return Refusal{400, payload.problem()};
  if (is_over(state)) return Delivery{};
  auto change = merge_request_change(payload, "merge_request", event);
  set_property(change.properties, "comments", payload.need("object_attributes.note"));
  return one_change(payload, std::move(change));
}

Outcome receive_event(const json::Value& payload, const std::string& event) {
  if (event == "push" || event == "tag_push" || event == "Push Hook") return receive_push(payload, event);
  if (event == "merge_request") return receive_merge_request(payload, event);
  if (event == "note") return receive_note(payload, event);
  return Delivery{};
}

struct GitlabOptions {
  std::string secret;    ///< compared with X-Gitlab-Token; empty: the token is not looked at
  std::string codebase;  ///< of the changes, when ?codebase= names none

  template <class S, class F>
  static void fields(S& s, F&& f) {
    f("secret", s.secret), f("codebase", s.codebase);
  }
};

Outcome receive(const http::Request& request, const GitlabOptions& options) {
  if (!options.secret.empty() && !same_secret(request.header("X-Gitlab-Token"), options.secret))
    return Refusal{400, "Invalid secret"};
  const auto payload = json::parse_bounded(request.body, limits::kHookJsonValues);
  if (!payload) return Refusal{400, "Error loading JSON: " + payload.error().text};
  if (!payload->is_object()) return Refusal{400, "Error loading JSON: not an object"};
  // Older versions name the event only in the header, and in other words.
  auto outcome =
      receive_event(*payload, (*payload)["object_kind"].string_or(request.header("X-Gitlab-Event")));
  if (auto* delivery = std::get_if<Delivery>(&outcome)) {
    const std::string codebase = request.param("codebase").value_or(options.codebase);
    for (auto& change : delivery->changes) change.codebase = codebase;
  }
  return outcome;
}

Result<Handler> prepare(const config::Options& given) {
  return [options = given.as<GitlabOptions>()](const http::Request& request, WallTime) {
    return receive(request, options);
  };
}

constexpr std::string_view kIdHeaders[] = {"Idempotency-Key", "X-Gitlab-Event-UUID"};

}  // namespace

extern const Dialect gitlab_dialect;
const Dialect gitlab_dialect{"gitlab", kIdHeaders, prepare};

}  // namespace headrace::changesource::hooks
