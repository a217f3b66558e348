// SPDX-License-Identifier: Apache-2.0
#include "worker/core/steps/git/names.hpp"

#include <algorithm>
#include <cctype>

namespace headrace::worker {
namespace {

constexpr std::string_view kHeads = "refs/heads/";
constexpr std::string_view kTags = "refs/tags/";
constexpr std::string_view kRefs = "refs/";

}  // namespace

std::string remote_ref(const std::string& branch) {
  if (branch.empty() || branch == "HEAD") return "HEAD";
  return branch.starts_with(kRefs) ? branch : std::string(kHeads) + branch;
}

std::string tracking_ref(const std::string& ref) {
  if (ref.starts_with(kHeads)) return "refs/remotes/origin/" + ref.substr(kHeads.size());
  if (ref.starts_with(kTags)) return ref;
  return ref.starts_with(kRefs) ? "refs/headrace/" + ref.substr(kRefs.size()) : "";
}

std::string branch_of(const std::string& ref) {
  return ref.starts_with(kHeads) ? ref.substr(kHeads.size()) : "";
}

std::string refspec(const std::string& ref) {
  const auto to = tracking_ref(ref);
  return to.empty() ? ref : "+" + ref + ":" + to;
}

bool can_be_ref(std::string_view name) {
  if (name.empty() || name == "@" || name.ends_with('.') || name.ends_with('/') || name.starts_with('/'))
    return false;
  const auto bad = [](unsigned char c) {
    return c <= ' ' || c == 127 ||
           std::string_view("~^:?*[\\").find(static_cast<char>(c)) != std::string_view::npos;
  };
  if (std::any_of(name.begin(), name.end(), bad)) return false;
  for (const std::string_view part : {"..", "@{", "//", "/.", ".lock/"})
    if (name.find(part) != std::string_view::npos) return false;
  return !name.starts_with('.') && !name.ends_with(".lock");
}

bool names_commit(std::string_view revision) {
  return (revision.size() == 40 || revision.size() == 64) &&
         std::all_of(revision.begin(), revision.end(), [](unsigned char c) { return std::isxdigit(c); });
}

}  // namespace headrace::worker
