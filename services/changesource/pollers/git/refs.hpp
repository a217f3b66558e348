// SPDX-License-Identifier: Apache-2.0
// Which refs a remote has, and which of them a poller watches.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "changesource/pollers/git/options.hpp"
#include "result/result.hpp"

namespace headrace::changesource::git_poller {

struct RemoteRefs {
  std::map<std::string, std::string> commits;  ///< full ref → commit; of an annotated tag what it points to
  std::string head;                            ///< the branch HEAD stands for, "refs/heads/main"; "" : none
};

/// Reads the output of `git ls-remote --symref`. Errors name the line that is none of git's.
[[nodiscard]] Result<RemoteRefs> parse_ls_remote(const std::string& output);

/// The refs that the poller watches: its globs, or the remote's HEAD. A pattern that begins with "refs/" is
/// of the full name. `*` crosses slashes.
/// @param missing  gets each pattern without wildcards that the remote does not have
std::map<std::string, std::string> watched(const GitPollerOptions& poller, const RemoteRefs& remote,
                                           std::vector<std::string>& missing);

/// A change's branch: "main" of "refs/heads/main"; other refs whole, as in Buildbot.
std::string branch_name(const std::string& ref);

}  // namespace headrace::changesource::git_poller
