// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace headrace::cli {

/// Replaces `path` as a whole, readable by its owner only: a reader sees the old text or the new one.
/// Throws std::runtime_error naming the path.
void write_private_file(const std::string& path, const std::string& text);

}  // namespace headrace::cli
