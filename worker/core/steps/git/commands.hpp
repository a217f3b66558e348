// SPDX-License-Identifier: Apache-2.0
// The command lines of a checkout, one for each of its phases. Which phase comes when: checkout.hpp.
#pragma once

#include <string>
#include <vector>

#include "worker/core/steps/git/options.hpp"
#include "worker/core/steps/step_kind.hpp"

namespace headrace::worker {

enum class GitPhase {
  probe,
  remove,
  clone,
  init,
  configure,
  ask_head,
  fetch_wanted,
  ask_branch,
  fetch_branch,
  fetch_revision,
  fetch_all,
  resolve,
  fsck,
  checkout,
  attach,
  clean,
  submodules,
  clean_submodules,
  rev_parse,
  remove_copy,
  copy,
};

/// Where a checkout works; absolute paths.
struct GitPlaces {
  std::string build_directory;
  std::string workdir;  ///< where the files are wanted
  std::string tree;     ///< where git works: workdir, or "source" beside it for method copy
};

/// What is known so far of what is wanted.
struct GitTarget {
  std::string ref;           ///< of the remote, whole: "refs/heads/main"; "HEAD"; "": none is needed
  std::string default_head;  ///< the branch that the remote's HEAD stands for, when it was asked; else ""
  std::string local_branch;  ///< that HEAD gets in the end; "": a commit alone
  bool cloned = false;       ///< just now, by git itself
  bool shallow = false;      ///< the copy is cut off
  std::vector<std::string> candidates;  ///< what may name the commit in the copy, best first
  std::string commit;                   ///< what to check out, once it is known
};

StepCommand git_command(GitPhase phase, const GitOptions& options, const GitPlaces& places,
                        const GitTarget& target);

}  // namespace headrace::worker
