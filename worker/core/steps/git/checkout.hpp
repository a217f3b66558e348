// SPDX-License-Identifier: Apache-2.0
// The git step as a sequence of commands: which one comes next, given how the last one ended.
//
//   probe ─ no copy ─► remove, clone ─► configure ─► resolve ─────────────────────────────────┐
//     └─ copy ─► configure ─► ask_head (no branch is given) ─► fetch_wanted ─► resolve ───────┤
//          the fetch failed ─► ask_branch ─► fetch_branch ┐                                   │
//          the revision is not in it ─► fetch_revision ─► fetch_all ─► resolve                │
//   checkout ─► clean ─► submodules ─► attach ─► rev_parse ─► method copy: remove_copy, copy ◄┘
//
// In the end the copy has what `git clone` of the address would have: the remote, its branches and tags, the
// depth that is asked for, and HEAD on the branch that is built. A copy that turns out to be broken is made
// anew once; what the remote refuses is the step's failure. A commit that is here is built even when the
// remote does not answer.
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
  /// Throws away what is there and begins with nothing, once.
  Next anew();
  Next fail(std::string reason = "");
  /// The making of a copy, up to the configuration.
  Next next_of_making(bool good, std::string_view output);
  StepCommand begin_fetch();
  Next next_of_fetching(bool good, std::string_view output);
  Next asked_head(std::string_view output);
  Next asked_branch(std::string_view output);
  /// Looks for the commit in what is here after `source`.
  StepCommand resolve(GitPhase source);
  Next resolved(bool good, std::string_view output);
  /// From the checkout on, the repository has what is wanted.
  Next next_of_tree(bool good, std::string_view output);
  StepCommand after_clean();
  bool cleans() const { return options_.full && options_.method != GitOptions::Method::clobber; }
  bool wants_tip() const { return options_.revision.empty(); }

  GitOptions options_;
  GitPlaces places_;
  GitPhase phase_ = GitPhase::probe;
  GitPhase source_ = GitPhase::clone;  // what resolve looks at
  GitTarget target_;
  bool made_anew_ = false;
  bool succeeded_ = false;
  std::string got_revision_;
  std::string reason_;
};

}  // namespace headrace::worker
