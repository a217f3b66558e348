// SPDX-License-Identifier: Apache-2.0
#include "web/rest/query.hpp"

#include <algorithm>
#include <charconv>
#include <map>
#include <optional>

namespace headrace::web {
namespace {

std::optional<std::int64_t> to_integer(std::string_view text) {
  std::int64_t number = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (failed != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

Result<SqlValue> to_value(const Field& field, const std::string& text) {
  switch (field.kind) {
    case Kind::string:
    case Kind::list:
      return text;
    case Kind::integer:
    case Kind::datetime:
      if (const auto number = to_integer(text)) return *number;
      return fail("'" + std::string(field.name) + "' is a number, not '" + text + "'");
    case Kind::boolean: {
      std::string lower;
      for (const char c : text) lower += static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
      for (const char* yes : {"on", "true", "yes", "1"})
        if (lower == yes) return std::int64_t{1};
      for (const char* no : {"off", "false", "no", "0"})
        if (lower == no) return std::int64_t{0};
      return fail("'" + std::string(field.name) + "' is true or false, not '" + text + "'");
    }
    case Kind::json:
    case Kind::properties:
      break;
  }
  return fail("cannot filter by '" + std::string(field.name) + "'");
}

struct Operator {
  Op op;
  bool many;  // takes several values
};

std::optional<Operator> operator_named(std::string_view name) {
  static const std::map<std::string_view, Operator> all{{"eq", {Op::eq, true}},
                                                        {"in", {Op::eq, true}},
                                                        {"ne", {Op::ne, true}},
                                                        {"notin", {Op::ne, true}},
                                                        {"contains", {Op::contains, true}},
                                                        {"lt", {Op::lt, false}},
                                                        {"le", {Op::le, false}},
                                                        {"gt", {Op::gt, false}},
                                                        {"ge", {Op::ge, false}}};
  const auto it = all.find(name);
  return it == all.end() ? std::nullopt : std::optional(it->second);
}

Result<const Field*> field_named(const Entity& entity, std::string_view name) {
  if (const Field* f = entity.field(name)) return f;
  return fail("no such field '" + std::string(name) + "'");
}

Result<std::int64_t> count_of(const char* what, const std::string& text) {
  const auto number = to_integer(text);
  if (number && *number >= 0) return *number;
  return fail(std::string("invalid ") + what + " '" + text + "': a number from 0 is expected");
}

// Parameters of one name, in the order of their first appearance.
using Grouped = std::vector<std::pair<std::string, std::vector<std::string>>>;

Grouped group(const Parameters& parameters) {
  Grouped out;
  for (const auto& [name, value] : parameters) {
    const auto it =
        std::find_if(out.begin(), out.end(), [&, n = &name](const auto& g) { return g.first == *n; });
    (it == out.end() ? out.emplace_back(name, std::vector<std::string>{}) : *it).second.push_back(value);
  }
  return out;
}

Result<void> add_filter(const Field* field, Op op, const std::vector<std::string>& texts, Select& into) {
  if (field->kind == Kind::list && op != Op::contains)
    return fail("'" + std::string(field->name) + "' is a list: only contains can filter it");
  if (op == Op::contains && field->kind != Kind::list && field->kind != Kind::string)
    return fail("'" + std::string(field->name) + "' is neither text nor a list: contains cannot filter it");
  Filter filter{field, op, {}};
  for (const auto& text : texts) {
    auto value = to_value(*field, text);
    if (!value) return tl::unexpected(value.error());
    filter.values.push_back(std::move(*value));
  }
  into.filters.push_back(std::move(filter));
  return {};
}

Result<void> add_fields(const std::vector<std::string>& names, Select& into) {
  for (const auto& name : names) {
    const auto field = field_named(*into.entity, name);
    if (!field) return tl::unexpected(field.error());
    if (std::find(into.fields.begin(), into.fields.end(), *field) == into.fields.end())
      into.fields.push_back(*field);
  }
  return {};
}

Result<void> add_order(const std::vector<std::string>& names, Select& into) {
  for (const auto& name : names) {
    const bool descending = name.starts_with('-');
    const auto field = field_named(*into.entity, std::string_view(name).substr(descending ? 1 : 0));
    if (!field) return tl::unexpected(field.error());
    into.order.push_back({*field, descending});
  }
  return {};
}

Result<void> add_other(const std::string& name, const std::vector<std::string>& values, Select& into) {
  if (const Field* field = into.entity->field(name)) return add_filter(field, Op::eq, values, into);
  const auto at = name.rfind("__");
  if (at == std::string::npos) return fail("no such field '" + name + "'");
  const auto field = field_named(*into.entity, name.substr(0, at));
  if (!field) return tl::unexpected(field.error());
  const auto op = operator_named(std::string_view(name).substr(at + 2));
  if (!op || (values.size() > 1 && !op->many)) return {};  // ignored: clients of Buildbot rely on that
  return add_filter(*field, op->op, values, into);
}

bool selected(const Select& what, const Field* field) {
  return what.fields.empty() || std::find(what.fields.begin(), what.fields.end(), field) != what.fields.end();
}

}  // namespace

Result<void> read_query(const Parameters& parameters, bool collection, Select& into) {
  for (const auto& [name, values] : group(parameters)) {
    Result<void> read;
    if (name == "field") {
      read = add_fields(values, into);
    } else if (name == "order") {
      read = add_order(values, into);
    } else if (name == "limit" || name == "offset") {
      const auto number = count_of(name.c_str(), values.front());
      if (!number) return tl::unexpected(number.error());
      if (name == "limit")
        into.limit = *number;
      else
        into.offset = *number;
    } else if (name == "property") {
      into.properties = values;
    } else {
      read = add_other(name, values, into);
    }
    if (!read) return read;
  }
  for (const auto& o : into.order)
    if (!selected(into, o.field))
      return fail("cannot order on un-selected field '" + std::string(o.field->name) + "'");
  for (const auto& f : into.filters)
    if (!selected(into, f.field))
      return fail("cannot filter on un-selected field '" + std::string(f.field->name) + "'");
  if (!collection && !into.filters.empty()) return fail("this is not a collection: it cannot be filtered");
  return {};
}

}  // namespace headrace::web
