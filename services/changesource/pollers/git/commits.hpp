// SPDX-License-Identifier: Apache-2.0
// Commits as git prints them.
#pragma once

#include <string>
#include <vector>

#include "result/result.hpp"
#include "wire/records.hpp"

namespace headrace::changesource::git_poller {

/// The arguments of `git log` before the revisions, so that parse_log() can read what it prints.
const std::vector<std::string>& log_arguments();

/// Reads that output: a change for each commit, in the order of the output, with author, committer, comments,
/// files, revision and time; the rest is not set. Text that is not UTF-8 gets U+FFFD. Errors: cut off.
[[nodiscard]] Result<std::vector<wire::Change>> parse_log(const std::string& output);

}  // namespace headrace::changesource::git_poller
