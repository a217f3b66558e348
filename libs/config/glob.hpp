// SPDX-License-Identifier: Apache-2.0
// Globs, for names and for paths. Time is the product of both lengths, whatever the pattern.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace headrace::config {

/// Whether `text` holds a character that makes it a glob: `*`, `?` or `[`.
bool is_glob(std::string_view text);

/// What is wrong with a glob (a `[` without its `]`); nothing when it is right.
std::optional<std::string> glob_problem(std::string_view pattern);

}  // namespace headrace::config
