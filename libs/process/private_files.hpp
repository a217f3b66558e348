// SPDX-License-Identifier: Apache-2.0
// Files that only the user of this process may read. Redis's file holds every secret of the configuration,
// the history and the logs hold the output of private repositories.
#pragma once

#include <sys/types.h>

#include <string>

namespace headrace::process {

/// Files that this process makes from now on are closed to other users (umask 077).
/// @return the umask before, for programs whose files belong to somebody else (steps of builds)
mode_t make_files_private();

enum class Depth { folder, tree };

/// Takes the rights of group and others away from `folder`, and with Depth::tree from everything in it, if an
/// earlier version or a person left the folder open. A missing folder is fine; links are not followed.
/// @return "" or what stays open, as a sentence
std::string close_to_others(const std::string& folder, Depth depth);

}  // namespace headrace::process
