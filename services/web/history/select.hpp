// SPDX-License-Identifier: Apache-2.0
// A query of the history as data, and how it becomes SQL and then JSON.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "json/value.hpp"
#include "web/history/entities.hpp"
#include "web/history/sqlite.hpp"

namespace headrace::web {

enum class Op { eq, ne, lt, le, gt, ge, contains };

struct Filter {
  const Field* field;
  Op op;
  std::vector<SqlValue> values;  ///< eq, contains: any of them; ne: none of them; others: exactly one
};

struct Order {
  const Field* field;
  bool descending = false;
};

/// Which rows: an SQL condition over the entity's table, with its parameters ?1, ?2 …
struct Scope {
  std::string condition;  ///< "" : all
  std::vector<SqlValue> values;
  std::string from;  ///< "" : the entity's own table
};

struct Select {
  const Entity* entity = nullptr;
  Scope scope;
  std::vector<const Field*> fields;  ///< empty: all that are not on_request
  std::vector<Filter> filters;
  std::vector<Order> order;
  std::optional<std::int64_t> limit;
  std::int64_t offset = 0;
  /// Names of the properties to give; "*" all. Null properties when empty, where they are nullable.
  std::vector<std::string> properties;
  bool count = true;  ///< fill Page::total
};

/// The most rows of one answer, whatever `limit` says; fewer when their texts are together larger than
/// limits::kAnswerBytes, but one at least.
inline constexpr std::int64_t kMaxRows = 10'000;

struct Page {
  json::Array rows;        ///< objects
  std::int64_t total = 0;  ///< after the filters, before limit and offset
};

/// Runs everything in SQL: filter, order, page. Nulls order first.
Page select(Database& db, const Select& what);

/// One row by its key, as an object of all fields; nothing when there is none. `properties` as in Select.
std::optional<json::Value> select_one(Database& db, const Entity& entity, std::int64_t key,
                                      const std::vector<std::string>& properties = {});

}  // namespace headrace::web
