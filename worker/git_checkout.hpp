// SPDX-License-Identifier: Apache-2.0
// The git step as a sequence of commands: which one comes next, given how the last one ended.
//
//   probe ─ no repository ─► clobber, init ─┐
//     └─ repository ────────────────────────┴► have the revision? ─ no ─► fetch it │ its branch │ everything
//                                                        └─ yes ─► checkout ─► clean ─► submodules ─►
//                                                        rev-parse
//                                                                                        └─ method copy ─► cp
// A repository that turns out to be broken is made anew once; what the remote refuses is the step's failure.
// Pure: no file system, no processes. The commands run through the launcher like those of other steps.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "json/value.hpp"
#include "result/result.hpp"
#include "wire/records.hpp"

namespace headrace::worker {

struct GitOptions {
  std::string url;
  std::string branch;    ///< "" : the remote's HEAD
  std::string revision;  ///< "" : the branch's tip
  std::string codebase;
  bool full = false;  ///< mode
  enum class Method { clean, fresh, clobber, copy };
  Method method = Method::fresh;  ///< of mode full
  int depth = 0;                  ///< of a shallow fetch; 0: all history
  bool submodules = false;
};

/// The options of a step, rendered, joined with the sourcestamp of its codebase: the stamp's branch and
/// revision win over the option, an empty url is the stamp's repository.
/// Errors: an unknown mode or method, no url, a value that git would take for an option.
[[nodiscard]] Result<GitOptions> git_options(const json::Value& options,
                                             const std::vector<wire::SourceStamp>& sourcestamps);

class GitCheckout {
 public:
  struct Command {
    std::vector<std::string> argv;
    std::string directory;  ///< absolute
    bool quiet = false;     ///< not shown in the log
    bool collect = false;   ///< its stdout is wanted by `next`
  };

  /// @param build_directory  absolute; `workdir` is relative to it
  GitCheckout(GitOptions options, std::string build_directory, const std::string& workdir);

  /// The first command.
  Command start();
  /// @return the command after one that ended with `rc`; nothing at the end
  std::optional<Command> next(int rc, std::string_view output);

  bool succeeded() const { return succeeded_; }
  /// The commit that is checked out.
  const std::string& got_revision() const { return got_revision_; }
  const GitOptions& options() const { return options_; }
  /// A sentence for the log where git's own words do not tell it; "" mostly.
  const std::string& reason() const { return reason_; }

 private:
  enum class Phase {
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
  Command run(Phase phase);
  Command clobber();
  std::optional<Command> fetched();
  std::optional<Command> fetch_failed();
  std::optional<Command> fail(std::string reason = "");
  Command after_checkout();
  std::string target() const;
  bool names_commit() const;

  GitOptions options_;
  std::string build_directory_;
  std::string workdir_;  // absolute
  std::string tree_;     // where git works: workdir_, or "source" beside it for method copy
  Phase phase_ = Phase::probe;
  bool made_anew_ = false;
  bool fetched_target_ = false;  // FETCH_HEAD is what is wanted
  bool succeeded_ = false;
  std::string got_revision_;
  std::string reason_;
};

}  // namespace headrace::worker
