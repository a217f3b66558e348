// SPDX-License-Identifier: Apache-2.0
// How much of a change is kept. A change stays in Redis, goes to every subscriber and into every history: a
// commit with a message of megabytes is built like any other, but not all of the message is remembered.
#pragma once

#include <string>

#include "wire/records.hpp"

namespace headrace::changesource {

/// Shortens what is longer than libs/limits allows: texts are cut at a character's end and get "…", names of
/// files are left out from the end of the list, properties from the largest on.
/// @return what was shortened, for the log: "comments, files"; "" when nothing was
std::string shorten(wire::Change& change);

}  // namespace headrace::changesource
