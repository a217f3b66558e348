// SPDX-License-Identifier: Apache-2.0
// The tables of the history, and how its file is opened or begun anew.
#pragma once

#include <memory>
#include <string>

#include "web/history/sqlite.hpp"

namespace headrace::web {

/// To be raised whenever the tables or their meaning change: a file of another version is rebuilt from Redis.
inline constexpr int kSchemaVersion = 2;

/// Opens the history for writing. A file of another version, or one that is no sound database, is deleted and
/// begun anew (its cursor is then 0). Throws SqlError naming the path.
std::unique_ptr<Database> open_history(const std::string& path);

/// Removes every row, cursor included; readers may stay open.
void clear_history(Database& db);

}  // namespace headrace::web
