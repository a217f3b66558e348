// SPDX-License-Identifier: Apache-2.0
// Globs, for names and for paths. Matching takes at most the product of both lengths, whatever the pattern
// is.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace headrace::config {

/// True when `text` holds a character that makes it a glob: `*`, `?` or `[`.
bool is_glob(std::string_view text);

/// True when `path` matches a glob in which `*` stays within a directory and `**` crosses directories.
bool path_glob(std::string_view pattern, std::string_view path);
/// True when `name` matches a glob with `*`, `?` and `[…]`.
bool name_glob(std::string_view pattern, std::string_view name);

/// Describes the mistake in a glob (a `[` without its `]`); nothing when the glob is right.
std::optional<std::string> glob_problem(std::string_view pattern);

}  // namespace headrace::config
