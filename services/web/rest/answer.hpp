// SPDX-License-Identifier: Apache-2.0
// Buildbot's outer form of answers: {"builds": [...], "meta": {...}}, {"error": "..."}.
#pragma once

#include <string>
#include <string_view>

#include "http/server.hpp"
#include "json/value.hpp"
#include "web/history/sqlite.hpp"
#include "web/rest/query.hpp"
#include "web/rest/routes.hpp"

namespace headrace::web {

/// @param accept  the request's Accept header: JSON as such, compact; otherwise text to be read, indented
http::Response json_response(const json::Value& value, std::string_view accept, int status = 200);

/// {"error": text}, as text/plain.
http::Response error_response(int status, const std::string& text);

/// Answers one GET of rows or of a dictionary. Blocks: for a reader's thread.
/// 400 for a query that does not fit the entity, 404 when a single object is not there.
http::Response answer_rows(Database& db, const Match& match, const Parameters& parameters,
                           std::string_view accept);

/// Rows that are not in the history (root links, specification).
http::Response answer_list(std::string_view plural, json::Array rows, std::string_view accept);

}  // namespace headrace::web
