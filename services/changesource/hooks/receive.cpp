// SPDX-License-Identifier: Apache-2.0
#include "changesource/hooks/receive.hpp"

#include <algorithm>
#include <set>
#include <utility>

#include "changesource/hooks/base.hpp"
#include "changesource/hooks/github.hpp"
#include "changesource/hooks/gitlab.hpp"
#include "changesource/hooks/signature.hpp"

namespace headrace::changesource::hooks {
namespace {

constexpr std::string_view kPrefix = "/change_hook";

bool is_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

// Buildbot's ^/change_hook/?([a-zA-Z0-9_]*): what follows the word is ignored.
std::string dialect_of(std::string_view path) {
  path.remove_prefix(kPrefix.size());
  if (!path.empty() && path.front() == '/') path.remove_prefix(1);
  const auto end = std::find_if_not(path.begin(), path.end(), is_word);
  return end == path.begin() ? "base" : std::string(path.begin(), end);
}

// The id that the sender gave to this delivery and repeats when it sends it again. The body belongs to it:
// GitLab gives one id to all events that one event of its own has led to, and copied examples share theirs.
std::string delivery_key(const std::string& dialect, const http::Request& request) {
  static const std::vector<std::pair<std::string_view, std::vector<const char*>>> kHeaders = {
      {"github", {"X-GitHub-Delivery"}},
      {"gitlab", {"Idempotency-Key", "X-Gitlab-Event-UUID"}},
      {"base", {"Idempotency-Key"}}};
  for (const auto& [name, headers] : kHeaders) {
    if (name != dialect) continue;
    for (const char* header : headers) {
      const auto id = request.header(header);
      if (id.empty()) continue;
      return dialect + ":" + sha256_hex(std::string(id) + "\n" + request.target + "\n" + request.body);
    }
  }
  return "";
}

Outcome with_key(Outcome outcome, const std::string& key) {
  if (auto* delivery = std::get_if<Delivery>(&outcome)) {
    delivery->key = key;
  } else if (auto* questions = std::get_if<Questions>(&outcome)) {
    questions->resume = [resume = std::move(questions->resume), key](std::vector<http::Reply> replies) {
      return with_key(resume(std::move(replies)), key);
    };
  }
  return outcome;
}

}  // namespace

bool is_hook_path(const std::string& path) { return path.compare(0, kPrefix.size(), kPrefix) == 0; }

Outcome receive(const http::Request& request, const std::vector<config::Hook>& hooks, WallTime now) {
  if (!is_hook_path(request.path)) return Refusal{404, "'" + request.path + "' is not below /change_hook"};
  if (request.method != "GET" && request.method != "POST") {
    return Refusal{405, "a hook takes GET and POST, not " + request.method};
  }
  const std::string dialect = dialect_of(request.path);
  const auto hook =
      std::find_if(hooks.begin(), hooks.end(), [&](const config::Hook& h) { return h.dialect == dialect; });
  if (hook == hooks.end()) {
    return Refusal{400, "The dialect specified, '" + dialect + "', wasn't whitelisted in change_hook"};
  }
  if (const auto problem = problem_of(*hook)) return Refusal{500, *problem};
  const std::string key = delivery_key(dialect, request);
  if (dialect == "github") return with_key(receive_github(request, hook->options.values()), key);
  if (dialect == "gitlab") return with_key(receive_gitlab(request, hook->options.values()), key);
  return with_key(receive_base(request, now), key);
}

std::optional<std::string> problem_of(const config::Hook& hook) {
  const std::string where = "hook." + hook.dialect + ": ";
  if (hook.dialect == "github") {
    const auto options = read_github_options(hook.options.values());
    if (!options) return where + options.error().text;
    return std::nullopt;
  }
  std::set<std::string, std::less<>> known;
  if (hook.dialect == "gitlab") {
    known = {"codebase", "secret"};
  } else if (hook.dialect != "base") {
    return where + "there is no such dialect; known are base, github and gitlab";
  }
  for (const auto& [name, value] : hook.options.values()) {
    if (!known.contains(name)) return where + "unknown option '" + name + "'";
    if (!value.is_string()) return where + "option '" + name + "' is a string, not " + json::write(value);
  }
  return std::nullopt;
}

std::string answer_text(const Delivery& delivery) {
  if (delivery.changes.empty()) return "no change found";
  return std::to_string(delivery.changes.size()) + " change found";
}

}  // namespace headrace::changesource::hooks
