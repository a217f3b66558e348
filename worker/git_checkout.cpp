// SPDX-License-Identifier: Apache-2.0
#include "worker/git_checkout.hpp"

#include <algorithm>
#include <cctype>

namespace headrace::worker {
namespace {

std::string trimmed(std::string_view s) {
  while (!s.empty() && std::isspace(static_cast<unsigned char>(s.back()))) s.remove_suffix(1);
  return std::string(s);
}

Result<void> plain_argument(const char* what, const std::string& value) {
  if (value.starts_with("-") || value.find('\0') != std::string::npos)
    return headrace::fail(std::string(what) + " '" + value + "' would be an option of git");
  return {};
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
  const std::string mode = options["mode"].string_or("incremental");
  if (mode != "incremental" && mode != "full")
    return headrace::fail("git: mode '" + mode + "' is neither 'incremental' nor 'full'");
  o.full = mode == "full";
  const std::string method = options["method"].string_or("fresh");
  if (method == "clean") {
    o.method = GitOptions::Method::clean;
  } else if (method == "fresh") {
    o.method = GitOptions::Method::fresh;
  } else if (method == "clobber") {
    o.method = GitOptions::Method::clobber;
  } else if (method == "copy") {
    o.method = GitOptions::Method::copy;
  } else {
    return headrace::fail("git: method '" + method + "' is none of 'clean', 'fresh', 'clobber', 'copy'");
  }
  o.depth = options["shallow"].is_int()
                ? static_cast<int>(std::clamp<std::int64_t>(options["shallow"].as_int(), 0, 1 << 30))
            : options["shallow"].bool_or(false) ? 1
                                                : 0;
  o.submodules = options["submodules"].bool_or(false);
  if (o.url.empty()) return headrace::fail("git: no url is given, and the sourcestamp has no repository");
  for (const auto& [what, value] :
       {std::pair{"url", &o.url}, {"branch", &o.branch}, {"revision", &o.revision}})
    if (auto r = plain_argument(what, *value); !r) return tl::unexpected(r.error());
  return o;
}

GitCheckout::GitCheckout(GitOptions options, std::string build_directory, const std::string& workdir)
    : options_(std::move(options)), build_directory_(std::move(build_directory)) {
  workdir_ = workdir.starts_with("/") ? workdir : build_directory_ + "/" + workdir;
  const bool copy = options_.full && options_.method == GitOptions::Method::copy;
  tree_ = copy ? build_directory_ + "/source" : workdir_;
}

bool GitCheckout::names_commit() const {
  return (options_.revision.size() == 40 || options_.revision.size() == 64) &&
         std::all_of(options_.revision.begin(), options_.revision.end(),
                     [](unsigned char c) { return std::isxdigit(c); });
}

std::string GitCheckout::target() const { return fetched_target_ ? "FETCH_HEAD" : options_.revision; }

GitCheckout::Command GitCheckout::start() {
  if (options_.full && options_.method == GitOptions::Method::clobber) return clobber();
  return run(Phase::probe);
}

GitCheckout::Command GitCheckout::clobber() {
  made_anew_ = true;
  fetched_target_ = false;
  return run(Phase::remove);
}

GitCheckout::Command GitCheckout::run(Phase phase) {
  phase_ = phase;
  std::vector<std::string> fetch = {"git", "fetch", "--force", "--no-recurse-submodules", "--progress"};
  if (options_.depth > 0) {
    fetch.push_back("--depth");
    // The largest depth is git's word for everything, and holds for complete repositories too.
    fetch.push_back(phase == Phase::fetch_all ? "2147483647" : std::to_string(options_.depth));
  }
  fetch.push_back(options_.url);
  switch (phase) {
    case Phase::probe:
      // A git that was killed leaves its lock; nobody else works in this directory.
      return {{"/bin/sh", "-c",
               "rm -f .git/index.lock .git/HEAD.lock .git/shallow.lock && git rev-parse --git-dir"},
              tree_,
              true,
              true};
    case Phase::remove:
      return {{"rm", "-rf", "--", tree_}, build_directory_};
    case Phase::init:
      return {{"git", "init", "--quiet"}, tree_};
    case Phase::have_revision:
    case Phase::have_after_branch:
    case Phase::have_after_all:
      return {{"git", "cat-file", "-e", options_.revision + "^{commit}"}, tree_, true};
    case Phase::fetch_revision:
      fetch.push_back(options_.revision);
      return {fetch, tree_};
    case Phase::fetch_branch:
      fetch.push_back(options_.branch.empty() ? "HEAD" : options_.branch);
      return {fetch, tree_};
    case Phase::fetch_all:
      fetch.push_back("+refs/*:refs/headrace/*");
      return {fetch, tree_};
    case Phase::fsck:
      return {{"git", "fsck", "--connectivity-only", "--progress"}, tree_, true};
    case Phase::checkout:
      return {{"git", "checkout", "--force", "--detach", target()}, tree_};
    case Phase::clean:
    case Phase::clean_submodules: {
      std::vector<std::string> clean = {"git", "clean", "-f", "-f", "-d"};
      if (options_.method != GitOptions::Method::clean) clean.push_back("-x");
      if (phase == Phase::clean_submodules)
        clean.insert(clean.begin() + 1, {"submodule", "foreach", "--recursive", "git"});
      return {clean, tree_};
    }
    case Phase::submodules: {
      std::string update =
          "git submodule sync --recursive && git submodule update --init --recursive --force --progress";
      if (options_.depth > 0) update += " --depth " + std::to_string(options_.depth);
      return {{"/bin/sh", "-c", update}, tree_};
    }
    case Phase::rev_parse:
      return {{"git", "rev-parse", "HEAD"}, tree_, false, true};
    case Phase::remove_copy:
      return {{"rm", "-rf", "--", workdir_}, build_directory_};
    case Phase::copy:
      return {{"cp", "-R", "-P", "-p", "--", tree_, workdir_}, build_directory_};
  }
  return {};
}

std::optional<GitCheckout::Command> GitCheckout::fail(std::string reason) {
  reason_ = std::move(reason);
  return std::nullopt;
}

// What is there is fetched: take it.
std::optional<GitCheckout::Command> GitCheckout::fetched() { return run(Phase::checkout); }

std::optional<GitCheckout::Command> GitCheckout::fetch_failed() {
  if (made_anew_) return fail();
  return run(Phase::fsck);  // is it the remote, or what we have?
}

GitCheckout::Command GitCheckout::after_checkout() {
  if (options_.submodules) return run(Phase::submodules);
  return run(Phase::rev_parse);
}

std::optional<GitCheckout::Command> GitCheckout::next(int rc, std::string_view output) {
  const bool good = rc == 0;
  const bool has_revision = !options_.revision.empty();
  switch (phase_) {
    case Phase::probe:
      if (!good || trimmed(output) != ".git") return clobber();
      return run(has_revision && names_commit() ? Phase::have_revision
                 : has_revision                 ? Phase::fetch_revision
                                                : Phase::fetch_branch);
    case Phase::remove:
      return good ? std::optional(run(Phase::init)) : fail();
    case Phase::init:
      if (!good) return fail();
      return run(has_revision ? Phase::fetch_revision : Phase::fetch_branch);
    case Phase::have_revision:
      return good ? fetched() : run(Phase::fetch_revision);
    case Phase::fetch_revision:
      if (!good) return run(Phase::fetch_branch);
      fetched_target_ = !names_commit();
      return fetched();
    case Phase::fetch_branch:
      if (has_revision) return good ? run(Phase::have_after_branch) : run(Phase::fetch_all);
      if (!good) return fetch_failed();
      fetched_target_ = true;
      return fetched();
    case Phase::have_after_branch:
      return good ? fetched() : run(Phase::fetch_all);
    case Phase::fetch_all:
      return good ? run(Phase::have_after_all) : fetch_failed();
    case Phase::have_after_all:
      if (good) return fetched();
      return fail("revision " + options_.revision + " is nowhere in " + options_.url);
    case Phase::fsck:
      return good ? fail() : std::optional(clobber());
    case Phase::checkout:
      if (!good) return made_anew_ ? fail() : std::optional(clobber());
      if (options_.full && options_.method != GitOptions::Method::clobber) return run(Phase::clean);
      return after_checkout();
    case Phase::clean:
      return good ? std::optional(after_checkout()) : fail();
    case Phase::submodules:
      if (!good) return made_anew_ ? fail() : std::optional(clobber());
      if (options_.full && options_.method != GitOptions::Method::clobber)
        return run(Phase::clean_submodules);
      return run(Phase::rev_parse);
    case Phase::clean_submodules:
      return good ? std::optional(run(Phase::rev_parse)) : fail();
    case Phase::rev_parse:
      if (!good) return fail();
      got_revision_ = trimmed(output);
      if (tree_ != workdir_) return run(Phase::remove_copy);
      succeeded_ = true;
      return std::nullopt;
    case Phase::remove_copy:
      return good ? std::optional(run(Phase::copy)) : fail();
    case Phase::copy:
      succeeded_ = good;
      return std::nullopt;
  }
  return std::nullopt;
}

}  // namespace headrace::worker
