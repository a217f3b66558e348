// SPDX-License-Identifier: Apache-2.0
// Globs, for names and for paths. Time is the product of both lengths, whatever the pattern.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace headrace::config {

/// Whether `text` holds a character that makes it a glob: `*`, `?` or `[`.
bool is_glob(std::string_view text);

/// Whether `path` matches a glob in which `*` stays within a directory and `**` crosses them.
bool path_glob(std::string_view pattern, std::string_view path);
/// Whether `name` matches a glob with `*`, `?` and `[…]`.
bool name_glob(std::string_view pattern, std::string_view name);

/// What is wrong with a glob (a `[` without its `]`); nothing when it is right.
std::optional<std::string> glob_problem(std::string_view pattern);

}  // namespace headrace::config
