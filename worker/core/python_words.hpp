// SPDX-License-Identifier: Apache-2.0
// Lists and durations as Buildbot's worker, a Python program, writes them into the header lines of a log.
// Source: buildbot_worker/runprocess.py.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "clock/clock.hpp"

namespace headrace::worker {

/// @return ['make', '-j2'], as Python writes a list of texts
std::string python_list(const std::vector<std::string>& words);
/// @return "1200", "0.5"
std::string seconds_text(milliseconds t);
/// @return "secs", or "sec" for one second
std::string_view seconds_unit(milliseconds t);

}  // namespace headrace::worker
