// SPDX-License-Identifier: Apache-2.0
// The words that Buildbot shows of a step: its command, its description, its result, its logs' slugs.
// Sources: buildbot/util (command_to_string), buildbot/process/buildstep.py (getResultSummary).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "json/value.hpp"
#include "model/results.hpp"

namespace headrace::worker {

/// @return "'make -j2 ...'": the first two words of a command; nothing for an empty one
std::optional<std::string> short_command(const std::vector<std::string>& words);
/// @return the words of a rendered command: a text split at blanks, or a list flattened
std::vector<std::string> command_words(const json::Value& command);
/// @return a description, which may be a text or a list of texts, as one text; "" when there is none
std::string joined(const json::Value& description);
/// @return " (failure)", " (failure) (timed out)"; "" for success
std::string result_suffix(Results results, bool timed_out, bool max_lines_reached);
/// @return a name as Buildbot makes an identifier of it: letters, digits, - and _, at most 50
std::string identifier(std::string_view name);

}  // namespace headrace::worker
