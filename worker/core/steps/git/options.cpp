// SPDX-License-Identifier: Apache-2.0
#include "worker/core/steps/git/options.hpp"

#include <algorithm>
#include <optional>
#include <string_view>
#include <utility>

#include "git/address.hpp"
#include "worker/core/steps/git/names.hpp"

namespace headrace::worker {
namespace {

using Method = GitOptions::Method;

Result<void> plain_argument(const char* what, const std::string& value) {
  if (value.starts_with("-") || value.find('\0') != std::string::npos)
    return fail(std::string(what) + " '" + git::without_passwords(value) + "' would be an option of git");
  return {};
}

std::optional<Method> method_named(std::string_view name) {
  for (const auto& [known, method] : {std::pair{"clean", Method::clean},
                                      {"fresh", Method::fresh},
                                      {"clobber", Method::clobber},
                                      {"copy", Method::copy}})
    if (name == known) return method;
  return std::nullopt;
}

// `shallow` is a depth, or true for 1.
int depth_of(const json::Value& shallow) {
  if (shallow.is_int()) return static_cast<int>(std::clamp<std::int64_t>(shallow.as_int(), 0, 1 << 30));
  return shallow.bool_or(false) ? 1 : 0;
}

}  // namespace

Result<GitOptions> git_options(const json::Value& options,
                               const std::vector<wire::SourceStamp>& sourcestamps) {
  GitOptions o;
  o.url = options["url"].string_or("");
  o.branch = options["branch"].string_or("");
  o.codebase = options["codebase"].string_or("");
  for (const auto& stamp : sourcestamps) {
    if (stamp.codebase != o.codebase) continue;
    if (stamp.branch && !stamp.branch->empty()) o.branch = *stamp.branch;
    o.revision = stamp.revision.value_or("");
    if (o.url.empty()) o.url = stamp.repository;
  }
  if (o.branch == "HEAD") o.branch.clear();
  const std::string mode = options["mode"].string_or("incremental");
  if (mode != "incremental" && mode != "full")
    return fail("git: mode '" + mode + "' is neither 'incremental' nor 'full'");
  o.full = mode == "full";
  const std::string method = options["method"].string_or("fresh");
  const auto known = method_named(method);
  if (!known) return fail("git: method '" + method + "' is none of 'clean', 'fresh', 'clobber', 'copy'");
  o.method = *known;
  o.depth = depth_of(options["shallow"]);
  o.submodules = options["submodules"].bool_or(false);
  if (o.url.empty()) return fail("git: no url is given, and the sourcestamp has no repository");
  for (const auto& [what, value] :
       {std::pair{"url", &o.url}, {"branch", &o.branch}, {"revision", &o.revision}})
    if (auto r = plain_argument(what, *value); !r) return tl::unexpected(r.error());
  if (!o.branch.empty() && !can_be_ref(o.branch))
    return fail("git: branch '" + o.branch + "' is no name that a branch can have");
  return o;
}

}  // namespace headrace::worker
