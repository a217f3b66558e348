// SPDX-License-Identifier: Apache-2.0
#include "worker/core/steps/git/commands.hpp"

namespace headrace::worker {
namespace {

using Words = std::vector<std::string>;

Words fetch(GitPhase phase, const GitOptions& options, const std::string& what) {
  Words words = {"git", "fetch", "--force", "--no-recurse-submodules", "--progress"};
  if (options.depth > 0) {
    words.push_back("--depth");
    // The largest depth is git's word for everything, and holds for complete repositories too.
    words.push_back(phase == GitPhase::fetch_all ? "2147483647" : std::to_string(options.depth));
  }
  words.push_back(options.url);
  words.push_back(what);
  return words;
}

Words clean(GitPhase phase, const GitOptions& options) {
  Words words = {"git", "clean", "-f", "-f", "-d"};
  if (options.method != GitOptions::Method::clean) words.push_back("-x");
  if (phase == GitPhase::clean_submodules)
    words.insert(words.begin() + 1, {"submodule", "foreach", "--recursive", "git"});
  return words;
}

Words update_submodules(const GitOptions& options) {
  std::string update =
      "git submodule sync --recursive && git submodule update --init --recursive --force --progress";
  if (options.depth > 0) update += " --depth " + std::to_string(options.depth);
  return {"/bin/sh", "-c", update};
}

}  // namespace

StepCommand git_command(GitPhase phase, const GitOptions& options, const GitPlaces& places,
                        const std::string& target) {
  const std::string& tree = places.tree;
  constexpr bool kQuiet = true, kCollect = true;
  switch (phase) {
    case GitPhase::probe:
      // A git that was killed leaves its lock; nobody else works in this directory.
      return {{"/bin/sh", "-c",
               "rm -f .git/index.lock .git/HEAD.lock .git/shallow.lock && git rev-parse --git-dir"},
              tree,
              kQuiet,
              kCollect};
    case GitPhase::remove:
      return {{"rm", "-rf", "--", tree}, places.build_directory};
    case GitPhase::init:
      return {{"git", "init", "--quiet"}, tree};
    case GitPhase::have_revision:
    case GitPhase::have_after_branch:
    case GitPhase::have_after_all:
      return {{"git", "cat-file", "-e", options.revision + "^{commit}"}, tree, kQuiet};
    case GitPhase::fetch_revision:
      return {fetch(phase, options, options.revision), tree};
    case GitPhase::fetch_branch:
      return {fetch(phase, options, options.branch.empty() ? "HEAD" : options.branch), tree};
    case GitPhase::fetch_all:
      return {fetch(phase, options, "+refs/*:refs/headrace/*"), tree};
    case GitPhase::fsck:
      return {{"git", "fsck", "--connectivity-only", "--progress"}, tree, kQuiet};
    case GitPhase::checkout:
      return {{"git", "checkout", "--force", "--detach", target}, tree};
    case GitPhase::clean:
    case GitPhase::clean_submodules:
      return {clean(phase, options), tree};
    case GitPhase::submodules:
      return {update_submodules(options), tree};
    case GitPhase::rev_parse:
      return {{"git", "rev-parse", "HEAD"}, tree, !kQuiet, kCollect};
    case GitPhase::remove_copy:
      return {{"rm", "-rf", "--", places.workdir}, places.build_directory};
    case GitPhase::copy:
      return {{"cp", "-R", "-P", "-p", "--", tree, places.workdir}, places.build_directory};
  }
  return {};
}

}  // namespace headrace::worker
