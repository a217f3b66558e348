// SPDX-License-Identifier: Apache-2.0
// What a child writes, in DATA/log/<name>.log, with one older file beside it (<name>.log.1).
#pragma once

#include <string>

namespace headrace::cli {

inline constexpr long kLogFileBytes = 10l << 20;

/// Opens for appending; moves a full file aside first. Throws std::runtime_error naming the path.
/// @return a descriptor, closed on exec
int open_log_file(const std::string& path);

/// Moves the content of a file that has become full aside while a child holds it open: copied, then
/// emptied (the child appends). Lines written in between are lost.
void rotate_open_log_file(const std::string& path, long full_bytes = kLogFileBytes);

/// The last lines, for a message; "" when there are none. @param most  ≥ 1
std::string last_lines(const std::string& path, int most);

}  // namespace headrace::cli
