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
  init,
  have_revision,
  fetch_revision,
  fetch_branch,
  have_after_branch,
  fetch_all,
  have_after_all,
  fsck,
  checkout,
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

/// @param target  what `checkout` takes: a revision or FETCH_HEAD
StepCommand git_command(GitPhase phase, const GitOptions& options, const GitPlaces& places,
                        const std::string& target);

}  // namespace headrace::worker
