// SPDX-License-Identifier: Apache-2.0
// Names of refs: what people call a branch, what the remote calls it, and where the copy keeps it. Only full
// names are said to git, because it takes short ones for tags, keywords or options.
#pragma once

#include <string>
#include <string_view>

namespace headrace::worker {

/// "refs/heads/main" of "main"; a name that begins with "refs/" as it is; "HEAD" of "" and "HEAD".
std::string remote_ref(const std::string& branch);

/// Where a fetch keeps it, as a clone does: branches below refs/remotes/origin/, tags by their name, all else
/// below refs/headrace/; "" of HEAD, which a clone knows only as a branch.
std::string tracking_ref(const std::string& ref);

/// "main" of "refs/heads/main", "" of all others.
std::string branch_of(const std::string& ref);

/// What `git fetch` takes to bring it there: "+refs/heads/main:refs/remotes/origin/main", "HEAD".
std::string refspec(const std::string& ref);

/// Whether git can have a ref of this name. Source: git-check-ref-format(1).
bool can_be_ref(std::string_view name);

/// Whether it is the whole name of a commit: 40 or 64 hexadecimal digits.
bool names_commit(std::string_view revision);

}  // namespace headrace::worker
