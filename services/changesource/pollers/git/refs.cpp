// SPDX-License-Identifier: Apache-2.0
#include "changesource/pollers/git/refs.hpp"

#include <fnmatch.h>

#include <algorithm>

namespace headrace::changesource::git_poller {
namespace {

constexpr std::string_view kHeads = "refs/heads/";
constexpr std::string_view kTags = "refs/tags/";

bool starts_with(std::string_view text, std::string_view with) { return text.substr(0, with.size()) == with; }

bool is_hash(std::string_view text) {
  return (text.size() == 40 || text.size() == 64) &&
         text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

}  // namespace

Result<RemoteRefs> parse_ls_remote(const std::string& output) {
  RemoteRefs out;
  std::string_view rest = output;
  while (!rest.empty()) {
    const auto end = std::min(rest.find('\n'), rest.size());
    const auto line = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    const auto tab = line.find('\t');
    if (tab == std::string_view::npos)
      return fail("git ls-remote: unexpected line '" + std::string(line) + "'");
    const auto left = line.substr(0, tab);
    auto name = line.substr(tab + 1);
    if (starts_with(left, "ref: ")) {
      if (name == "HEAD") out.head = left.substr(5);
      continue;
    }
    if (!is_hash(left)) return fail("git ls-remote: unexpected line '" + std::string(line) + "'");
    // "refs/tags/v1^{}" follows "refs/tags/v1" and tells the commit that an annotated tag stands for.
    if (name.size() > 3 && name.substr(name.size() - 3) == "^{}") name.remove_suffix(3);
    out.commits.insert_or_assign(std::string(name), std::string(left));
  }
  return out;
}

std::map<std::string, std::string> watched(const GitPollerOptions& poller, const RemoteRefs& remote,
                                           std::vector<std::string>& missing) {
  std::map<std::string, std::string> out;
  std::vector<std::string> patterns = poller.branches;
  if (patterns.empty() && poller.only_tags) patterns = {"*"};
  if (patterns.empty()) {
    // A detached HEAD stands for no branch: then HEAD itself is watched.
    const std::string head = remote.head.empty() ? "HEAD" : remote.head;
    const auto it = remote.commits.find(head);
    const auto direct = it == remote.commits.end() ? remote.commits.find("HEAD") : it;
    if (direct != remote.commits.end()) out.emplace(head, direct->second);
    return out;
  }
  for (const auto& pattern : patterns) {
    std::string full = pattern;
    if (!starts_with(pattern, "refs/")) full = std::string(poller.only_tags ? kTags : kHeads) + pattern;
    bool found = false;
    for (const auto& [ref, commit] : remote.commits) {
      if (::fnmatch(full.c_str(), ref.c_str(), FNM_NOESCAPE) != 0) continue;
      found = true;
      out.emplace(ref, commit);
    }
    if (!found && pattern.find_first_of("*?[") == std::string::npos) missing.push_back(pattern);
  }
  return out;
}

std::string branch_name(const std::string& ref) {
  return starts_with(ref, kHeads) ? ref.substr(kHeads.size()) : ref;
}

}  // namespace headrace::changesource::git_poller
