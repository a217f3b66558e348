// SPDX-License-Identifier: Apache-2.0
#include "web/history/select.hpp"

#include <algorithm>

#include "limits/limits.hpp"

namespace headrace::web {
namespace {

const char* comparison(Op op) {
  switch (op) {
    case Op::lt:
      return " < ";
    case Op::le:
      return " <= ";
    case Op::gt:
      return " > ";
    case Op::ge:
      return " >= ";
    case Op::eq:
    case Op::ne:
    case Op::contains:
      break;
  }
  return " = ";
}

// Builds the text of one query; parameters after those of the scope.
class Builder {
 public:
  explicit Builder(const Select& what) : what_(what), values_(what.scope.values) {
    where_ = what.scope.condition.empty() ? "1" : "(" + what.scope.condition + ")";
    for (const auto& f : what.filters) where_ += " AND (" + condition(f) + ")";
  }

  std::string from() const {
    return " FROM " + (what_.scope.from.empty() ? std::string(what_.entity->from) : what_.scope.from) +
           " WHERE " + where_;
  }

  std::string rows(const std::vector<const Field*>& fields) const {
    std::string sql = "SELECT ";
    for (const Field* f : fields) {
      if (f != fields.front()) sql += ", ";
      // Properties may be large, so they are read only when they are asked for.
      sql += f->kind == Kind::properties && f->nullable && what_.properties.empty() ? "NULL" : f->sql;
    }
    sql += from() + " ORDER BY ";
    bool descending = false;
    for (const auto& o : what_.order) {
      sql += std::string(o.field->sql) + (o.descending ? " DESC, " : ", ");
      descending = o.descending;
    }
    // Every order ends with the key, so that pages neither overlap nor leave rows out. The key has the
    // direction of the last field, so that one index serves both.
    sql += std::string(what_.entity->key) + (descending ? " DESC" : "");
    return sql + " LIMIT " + std::to_string(std::min(what_.limit.value_or(kMaxRows), kMaxRows)) + " OFFSET " +
           std::to_string(what_.offset);
  }

  Statement prepare(Database& db, const std::string& sql) const {
    Statement s = db.prepare(sql);
    for (std::size_t i = 0; i < values_.size(); ++i) s.bind(static_cast<int>(i) + 1, values_[i]);
    return s;
  }

 private:
  std::string parameter(const Field& field, const SqlValue& value) {
    // Booleans are written out: only then can SQLite use the small indexes over what is not complete.
    if (field.kind == Kind::boolean) return std::get<std::int64_t>(value) ? "1" : "0";
    values_.push_back(value);
    return "?" + std::to_string(values_.size());
  }

  std::string list(const Filter& f) {
    std::string out = "(";
    for (const auto& v : f.values) out += (out.size() > 1 ? "," : "") + parameter(*f.field, v);
    return out + ")";
  }

  std::string condition(const Filter& f) {
    const std::string sql(f.field->sql);
    switch (f.op) {
      case Op::eq:
        return f.values.size() == 1 ? sql + " = " + parameter(*f.field, f.values[0]) : sql + " IN " + list(f);
      case Op::ne:  // null differs from every value
        return sql + " IS NULL OR " +
               (f.values.size() == 1 ? sql + " <> " + parameter(*f.field, f.values[0])
                                     : sql + " NOT IN " + list(f));
      case Op::contains: {
        if (f.field->kind == Kind::list)
          return "EXISTS (SELECT 1 FROM json_each(" + sql + ") e WHERE e.value IN " + list(f) + ")";
        std::string any;
        for (const auto& v : f.values)
          any += (any.empty() ? "instr(" : " OR instr(") + sql + ", " + parameter(*f.field, v) + ") > 0";
        return any;
      }
      default:
        return sql + comparison(f.op) + parameter(*f.field, f.values.at(0));
    }
  }

  const Select& what_;
  std::vector<SqlValue> values_;
  std::string where_;
};

json::Value chosen_properties(json::Value all, const std::vector<std::string>& names) {
  if (std::find(names.begin(), names.end(), "*") != names.end()) return all;
  json::Object some;
  for (const auto& name : names)
    if (!all[name].is_null()) some[name] = all[name];
  return some;
}

json::Value cell(const Statement& row, int column, const Field& field,
                 const std::vector<std::string>& properties) {
  if (row.is_null(column)) return nullptr;
  switch (field.kind) {
    case Kind::integer:
    case Kind::datetime:
      return row.integer(column);
    case Kind::boolean:
      return row.integer(column) != 0;
    case Kind::string:
      return row.text(column);
    case Kind::json:
    case Kind::list:
      return json::parse(row.text(column)).value_or(nullptr);
    case Kind::properties: {
      auto all = json::parse(row.text(column)).value_or(json::Object{});
      return properties.empty() ? all : chosen_properties(std::move(all), properties);
    }
  }
  return nullptr;
}

json::Value row_of(const Statement& row, const std::vector<const Field*>& fields,
                   const std::vector<std::string>& properties) {
  json::Object out;
  for (std::size_t i = 0; i < fields.size(); ++i)
    out.emplace(fields[i]->name, cell(row, static_cast<int>(i), *fields[i], properties));
  return out;
}

// Of the texts of a row; numbers and names of fields are bounded by the number of rows.
std::size_t bytes_of(const Statement& row, const std::vector<const Field*>& fields) {
  std::size_t out = 0;
  for (std::size_t i = 0; i < fields.size(); ++i) {
    const auto kind = fields[i]->kind;
    if (kind != Kind::integer && kind != Kind::datetime && kind != Kind::boolean)
      out += row.text(static_cast<int>(i)).size();
  }
  return out;
}

std::vector<const Field*> fields_of(const Select& what) {
  if (!what.fields.empty()) return what.fields;
  std::vector<const Field*> all;
  for (const auto& f : what.entity->fields)
    if (!f.on_request) all.push_back(&f);
  return all;
}

}  // namespace

Page select(Database& db, const Select& what) {
  const Builder builder(what);
  const auto fields = fields_of(what);
  Page page;
  Statement rows = builder.prepare(db, builder.rows(fields));
  std::size_t bytes = 0;
  bool left_out = false;
  while (!left_out && rows.step()) {
    bytes += bytes_of(rows, fields);
    left_out = bytes > limits::kAnswerBytes && !page.rows.empty();
    if (!left_out) page.rows.push_back(row_of(rows, fields, what.properties));
  }
  const auto got = static_cast<std::int64_t>(page.rows.size());
  const bool all_seen =
      !left_out && got < std::min(what.limit.value_or(kMaxRows), kMaxRows) && (got > 0 || what.offset == 0);
  if (all_seen) {
    page.total = what.offset + got;
  } else if (what.count) {
    Statement total = builder.prepare(db, "SELECT count(*)" + builder.from());
    total.step();
    page.total = total.integer(0);
  }
  return page;
}

std::optional<json::Value> select_one(Database& db, const Entity& entity, std::int64_t key,
                                      const std::vector<std::string>& properties) {
  Select what;
  what.entity = &entity;
  what.scope.condition = std::string(entity.key) + " = ?1";
  what.properties = properties;
  const auto fields = fields_of(what);
  auto rows = db.query(Builder(what).rows(fields), key);
  if (!rows.next()) return std::nullopt;
  return row_of(*rows.operator->(), fields, properties);
}

}  // namespace headrace::web
