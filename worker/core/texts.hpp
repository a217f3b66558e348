// SPDX-License-Identifier: Apache-2.0
// The words that Buildbot shows for commands and results. Sources: buildbot/util (command_to_string),
// buildbot/process/buildstep.py (getResultSummary), buildbot_worker/runprocess.py (headers).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "clock/clock.hpp"
#include "json/value.hpp"
#include "model/results.hpp"

namespace headrace::worker {

/// A command as one shell would read it: words quoted where they need it.
std::string shell_quoted(const std::vector<std::string>& argv);
/// ['make', '-j2'], as Python writes a list.
std::string python_list(const std::vector<std::string>& argv);
/// "'make -j2 ...'": the first two words of a command; nothing for an empty one.
std::optional<std::string> short_command(const std::vector<std::string>& words);
/// Words of a rendered command: a text split at blanks, or a list flattened.
std::vector<std::string> command_words(const json::Value& command);
/// A description, which may be a text or a list of texts; "" when there is none.
std::string joined(const json::Value& description);
/// " (failure)", " (failure) (timed out)"; "" for success.
std::string result_suffix(Results results, bool timed_out, bool max_lines_reached);
/// "1200", "0.5"
std::string seconds_text(milliseconds t);
/// "secs", or "sec" for one
std::string_view seconds_unit(milliseconds t);
/// A name as Buildbot makes an identifier of it: letters, digits, - and _, at most 50.
std::string identifier(std::string_view name);

}  // namespace headrace::worker
