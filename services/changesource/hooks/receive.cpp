// SPDX-License-Identifier: Apache-2.0
#include "changesource/hooks/receive.hpp"

#include <algorithm>
#include <utility>

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

// Equal for every repeat of a delivery. The body belongs to it: GitLab gives one id to all events that one
// event of its own has led to, and copied examples share theirs.
std::string delivery_key(const Dialect& dialect, const http::Request& request) {
  for (const auto header : dialect.id_headers) {
    const auto id = request.header(header);
    if (id.empty()) continue;
    return std::string(dialect.name) + ":" +
           sha256_hex(std::string(id) + "\n" + request.target + "\n" + request.body);
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

Hooks::Hooks(const std::vector<config::Hook>& declared) {
  for (const auto& hook : declared) {
    const Dialect* dialect = find_dialect(hook.dialect);
    if (!dialect) continue;  // a dialect of a newer version: its requests are refused
    hooks_.emplace(hook.dialect, Hook{dialect, dialect->prepare(hook.options)});
  }
}

Outcome Hooks::receive(const http::Request& request, WallTime now) const {
  if (!is_hook_path(request.path)) return Refusal{404, "'" + request.path + "' is not below /change_hook"};
  if (request.method != "GET" && request.method != "POST")
    return Refusal{405, "a hook takes GET and POST, not " + request.method};
  const std::string name = dialect_of(request.path);
  const auto found = hooks_.find(name);
  if (found == hooks_.end())
    return Refusal{400, "The dialect specified, '" + name + "', wasn't whitelisted in change_hook"};
  const auto& [dialect, handler] = found->second;
  if (!handler) return Refusal{500, "hook." + name + ": " + handler.error().text};
  return with_key((*handler)(request, now), delivery_key(*dialect, request));
}

std::string answer_text(const Delivery& delivery) {
  if (delivery.changes.empty()) return "no change found";
  return std::to_string(delivery.changes.size()) + " change found";
}

}  // namespace headrace::changesource::hooks
