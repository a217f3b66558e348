// SPDX-License-Identifier: Apache-2.0
#include "worker/core/steps/git/commands.hpp"

#include "worker/core/steps/git/names.hpp"
#include "worker/core/steps/git/scripts.hpp"

namespace headrace::worker {
namespace {

using Words = std::vector<std::string>;

constexpr bool kQuiet = true, kCollect = true;
constexpr const char* kAllHeads = "+refs/heads/*:refs/remotes/origin/*";
constexpr const char* kAllTags = "+refs/tags/*:refs/tags/*";

Words script(const std::string& text, Words arguments) {
  Words words = {"/bin/sh", "-c", text, "git-step"};
  words.insert(words.end(), arguments.begin(), arguments.end());
  return words;
}

void append(Words& words, const Words& more) { words.insert(words.end(), more.begin(), more.end()); }

Words clone(const GitOptions& options, const GitTarget& target) {
  // --no-local: what is asked for by --depth, and no object shared with a repository on this disk.
  Words words = {"git", "clone", "--no-checkout", "--no-local", "--origin", "origin", "--progress"};
  if (options.depth > 0) {
    append(words, {"--depth", std::to_string(options.depth)});
    if (const auto branch = branch_of(target.ref); !branch.empty()) append(words, {"--branch", branch});
  }
  append(words, {"--", options.url, "."});
  return words;
}

Words fetch(GitPhase phase, const GitOptions& options, const GitTarget& target) {
  Words words = {"git", "fetch", "--force", "--no-recurse-submodules", "--progress"};
  const bool narrow = phase == GitPhase::fetch_branch || phase == GitPhase::fetch_revision;
  if (options.depth > 0 && phase != GitPhase::fetch_all) {
    append(words, {"--no-tags", "--depth", std::to_string(options.depth)});
  } else {
    if (target.shallow || options.depth > 0) append(words, {"--depth", "2147483647"});  // git's word for all
    if (!narrow) words.push_back("--prune");
  }
  words.push_back("origin");
  if (phase == GitPhase::fetch_revision) {
    words.push_back(options.revision);
    return words;
  }
  if (phase == GitPhase::fetch_all) {
    append(words, {kAllHeads, kAllTags, "+refs/*:refs/headrace/*"});
    return words;
  }
  if (!target.ref.empty()) words.push_back(refspec(target.ref));
  if (narrow) return words;
  if (options.depth == 0) append(words, {kAllHeads, kAllTags});
  if (options.depth > 0 && names_commit(options.revision)) words.push_back(options.revision);
  return words;
}

Words ask_branch(const GitTarget& target) {
  Words words = {"git", "ls-remote", "origin", target.ref.empty() ? "HEAD" : target.ref};
  if (const auto branch = branch_of(target.ref); !branch.empty()) words.push_back("refs/tags/" + branch);
  return words;
}

Words clean(GitPhase phase, const GitOptions& options) {
  Words words = {"git", "clean", "-f", "-f", "-d"};
  if (options.method != GitOptions::Method::clean) words.push_back("-x");
  if (phase == GitPhase::clean_submodules)
    words.insert(words.begin() + 1, {"submodule", "foreach", "--recursive", "git"});
  return words;
}

Words configure(const GitOptions& options, const GitTarget& target) {
  if (target.cloned) return script(kConfigure, {""});
  return script(kConfigure, {options.url, options.depth > 0 ? "shallow" : "", tracking_ref(target.ref)});
}

Words attach(const GitOptions& options, const GitTarget& target) {
  const bool one_branch = options.depth > 0 && !target.cloned && !branch_of(target.ref).empty();
  return script(std::string(kOnlySubmodules) + kAttach,
                {target.local_branch, target.commit, target.default_head, tracking_ref(target.ref),
                 one_branch ? refspec(target.ref) : ""});
}

StepCommand submodules(const GitOptions& options, const std::string& tree) {
  const std::string depth = options.depth > 0 ? std::to_string(options.depth) : "";
  StepCommand command{script(std::string(kOnlySubmodules) + kSubmodules, {depth}), tree};
  command.display = "git submodule update --init --recursive --force --progress";
  if (!depth.empty()) command.display += " --depth " + depth;
  return command;
}

StepCommand remove(const std::string& what, const GitPlaces& places) {
  StepCommand command{script(kRemove, {what, places.build_directory}), places.build_directory};
  command.display = "rm -rf -- " + what;
  return command;
}

}  // namespace

StepCommand git_command(GitPhase phase, const GitOptions& options, const GitPlaces& places,
                        const GitTarget& target) {
  const std::string& tree = places.tree;
  switch (phase) {
    case GitPhase::probe:
      return {script(kProbe, {tree}), places.build_directory, kQuiet, kCollect};
    case GitPhase::remove:
      return remove(tree, places);
    case GitPhase::clone:
      return {clone(options, target), tree};
    case GitPhase::init:
      return {{"git", "init", "--quiet"}, tree};
    case GitPhase::configure:
      return {configure(options, target), tree, kQuiet, kCollect};
    case GitPhase::ask_head:
      return {{"git", "ls-remote", "--symref", "origin", "HEAD"}, tree, !kQuiet, kCollect};
    case GitPhase::ask_branch:
      return {ask_branch(target), tree, kQuiet, kCollect};
    case GitPhase::fetch_wanted:
    case GitPhase::fetch_branch:
    case GitPhase::fetch_revision:
    case GitPhase::fetch_all:
      return {fetch(phase, options, target), tree};
    case GitPhase::resolve:
      return {script(kResolve, target.candidates), tree, kQuiet, kCollect};
    case GitPhase::fsck:
      return {script(kFsck, {}), tree, kQuiet};
    case GitPhase::checkout:
      return {{"git", "checkout", "--force", "--detach", target.commit}, tree};
    case GitPhase::attach:
      return {attach(options, target), tree, kQuiet};
    case GitPhase::clean:
    case GitPhase::clean_submodules:
      return {clean(phase, options), tree};
    case GitPhase::submodules:
      return submodules(options, tree);
    case GitPhase::rev_parse:
      return {{"git", "rev-parse", "HEAD"}, tree, !kQuiet, kCollect};
    case GitPhase::remove_copy:
      return remove(places.workdir, places);
    case GitPhase::copy:
      return {{"cp", "-R", "-P", "-p", "--", tree, places.workdir}, places.build_directory};
  }
  return {};
}

}  // namespace headrace::worker
