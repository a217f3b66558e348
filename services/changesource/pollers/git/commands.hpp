// SPDX-License-Identifier: Apache-2.0
// The programs of a poll, in a bare repository of the poller's own. The repository is a cache: what is
// damaged is made anew, and nothing in it need survive a crash.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "clock/clock.hpp"

namespace headrace::changesource::git_poller {

struct GitCommand {
  std::vector<std::string> argv;
  std::string input{};            ///< for stdin: lists that are too long for a command line
  milliseconds silence{600'000};  ///< without output for so long: it is killed
};

/// Removes what a git that was killed has left. Nobody else works in this folder.
GitCommand tidy();
/// @param format  of object names: "sha1", "sha256"
GitCommand make_repository(const std::string& format);
/// Prints "commit refname" of every tracking ref.
GitCommand local_refs();
/// Prints "sha1" or "sha256".
GitCommand object_format();
/// @param wanted  patterns or full names; none: every ref
GitCommand ask_remote(const std::string& url, const std::vector<std::string>& options,
                      const std::vector<std::string>& wanted);
GitCommand delete_refs(const std::vector<std::string>& refs);
/// @param refspecs  as git has them
GitCommand fetch(const std::string& url, const std::vector<std::string>& refspecs);
GitCommand pack_refs();
/// Puts packs together, when git thinks there are enough.
GitCommand collect_garbage();
/// Prints "commit type size" or "commit missing" of each.
GitCommand types_of(const std::set<std::string>& commits);
/// @param newest_only  one commit, whatever `seen` has
GitCommand log(const std::string& tip, const std::set<std::string>& seen, bool newest_only);
/// Fails when the repository has not all that its refs need.
GitCommand check();
/// Empties the folder.
GitCommand remove_everything();

/// "refs/heads/main" → where it is kept, "refs/headrace/heads/main".
std::string tracking_ref(const std::string& ref);
std::string refspec(const std::string& ref);

}  // namespace headrace::changesource::git_poller
