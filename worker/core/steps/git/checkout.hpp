// SPDX-License-Identifier: Apache-2.0
// The git step as a sequence of commands: which one comes next, given how the last one ended.
//
//   probe ─ no repository ─► clobber, init ─┐
//     └─ repository ────────────────────────┴► have the revision? ─ no ─► fetch it │ its branch │ everything
//                                                        └─ yes ─► checkout ─► clean ─► submodules ─►
//                                                        rev-parse
//                                                                                        └─ method copy ─► cp
// A repository that turns out to be broken is made anew once; what the remote refuses is the step's failure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "worker/core/steps/git/commands.hpp"
#include "worker/core/steps/git/options.hpp"

namespace headrace::worker {

class GitCheckout {
 public:
  /// @param build_directory  absolute
  /// @param workdir          absolute: where the files are wanted
  GitCheckout(GitOptions options, std::string build_directory, std::string workdir);

  /// The first command.
  StepCommand start();
  /// @return the command after one that ended with `rc`; nothing at the end
  std::optional<StepCommand> next(int rc, std::string_view output);

  bool succeeded() const { return succeeded_; }
  /// The commit that is checked out.
  const std::string& got_revision() const { return got_revision_; }
  const GitOptions& options() const { return options_; }
  /// A sentence for the log where git's own words do not tell it; "" mostly.
  const std::string& reason() const { return reason_; }

 private:
  using Next = std::optional<StepCommand>;
  StepCommand run(GitPhase phase);
  /// Throws away what is there and begins with nothing.
  StepCommand clobber();
  Next fail(std::string reason = "");
  Next fetch_failed();
  /// The first fetch into a new repository, or whatever the revision needs.
  StepCommand fetch();
  Next next_of_fetching(bool good);
  /// From the checkout on, the repository has what is wanted.
  Next next_of_tree(bool good, std::string_view output);
  StepCommand after_clean();
  bool names_commit() const;
  bool cleans() const { return options_.full && options_.method != GitOptions::Method::clobber; }

  GitOptions options_;
  GitPlaces places_;
  GitPhase phase_ = GitPhase::probe;
  bool made_anew_ = false;
  bool fetched_target_ = false;  // FETCH_HEAD is what is wanted
  bool succeeded_ = false;
  std::string got_revision_;
  std::string reason_;
};

}  // namespace headrace::worker
