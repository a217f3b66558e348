// SPDX-License-Identifier: Apache-2.0
// A command as a person would type it into a shell.
#pragma once

#include <string>
#include <vector>

namespace headrace::worker {

/// @return the words with blanks between them; a word that a shell would not read as itself is quoted
std::string shell_quoted(const std::vector<std::string>& argv);

}  // namespace headrace::worker
