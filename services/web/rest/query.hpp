// SPDX-License-Identifier: Apache-2.0
// Buildbot's query language: field, order, limit, offset, property, and filters such as `number__ge=7`.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "result/result.hpp"
#include "web/history/select.hpp"

namespace headrace::web {

using Parameters = std::vector<std::pair<std::string, std::string>>;

/// Reads the parameters of one GET into `into`, whose entity is set.
/// As in Buildbot an operator that does not exist, or one that takes a single value and got several, is
/// ignored, while an unknown field is an error.
/// @param collection  false: one object is asked for, which cannot be filtered
/// Errors (all 400): unknown field or parameter, limit that is no number, value of the wrong kind, order or
/// filter by a field that is not selected.
[[nodiscard]] Result<void> read_query(const Parameters& parameters, bool collection, Select& into);

}  // namespace headrace::web
