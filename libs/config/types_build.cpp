// SPDX-License-Identifier: Apache-2.0
// The types whose values may be known only in a build (property, interpolate, functions), the tables that
// hold such values, and the tables of the vocabulary.
#include <cmath>

#include "config/checker.hpp"
#include "config/interpolation.hpp"
#include "config/types.hpp"

namespace headrace::config {
namespace {

// The values that data may hold beside plain ones.
struct Allowed {
  bool functions = false;
  bool values = false;  // property, interpolate
};
constexpr Allowed kNothing{}, kFunctions{true, false}, kAll{true, true};

bool is_value(const Given& given) {
  return given.is(Node::Kind::property) || given.is(Node::Kind::interpolate);
}

bool is_text(const Given& given) {
  return given.is(Node::Kind::string) || given.is(Node::Kind::function) || is_value(given);
}

Checked check_data(const Given& given, const Allowed& allowed);

Checked check_value(const Given& given, const Allowed& allowed) {
  if (!allowed.values) return given.expected("a plain value");
  if (given.is(Node::Kind::interpolate)) return json::Object{{"$interpolate", given.node.text}};
  json::Object property{{"$property", given.node.text}};
  if (given.node.items.empty()) return property;
  auto otherwise = check_data({given.checker, given.node.items[0], given.spot}, allowed);
  if (!otherwise) return std::nullopt;
  property["$default"] = std::move(*otherwise);
  return property;
}

Checked check_list(const Given& given, const Allowed& allowed) {
  json::Array items;
  for (std::size_t i = 0; i < given.node.items.size(); ++i) {
    const Node& node = given.node.items[i];
    if (node.is(Node::Kind::nil)) continue;
    auto item = check_data({given.checker, node, given.spot.at(static_cast<int>(i + 1))}, allowed);
    if (!item) return std::nullopt;
    items.push_back(std::move(*item));
  }
  return items;
}

Checked check_map(const Given& given, const Allowed& allowed) {
  if (!given.node.is_map()) return given.expected("a list, or a table with names as keys");
  json::Object members;
  for (const auto& [name, node] : given.node.fields) {
    const Given value = given.member(name, node);
    if (name.starts_with("$")) {
      given.checker.complain(value.spot, given.spot.field() + " of " + given.spot.declaration().label() +
                                             ": the key '" + name + "' begins with '$', which is reserved");
      return std::nullopt;
    }
    auto member = check_data(value, allowed);
    if (!member) return std::nullopt;
    members[name] = std::move(*member);
  }
  return members;
}

// Checks data: any value that has a JSON form, and inside of it the values that are allowed.
Checked check_data(const Given& given, const Allowed& allowed) {
  switch (given.node.kind) {
    case Node::Kind::boolean:
      return given.node.boolean;
    case Node::Kind::integer:
      return given.node.integer;
    case Node::Kind::string:
      return given.node.text;
    case Node::Kind::number:
      if (!std::isfinite(given.node.number)) return given.expected("a finite number");
      return given.node.number;
    case Node::Kind::function:
      return allowed.functions ? given.function("build") : given.expected("a plain value");
    case Node::Kind::property:
    case Node::Kind::interpolate:
      return check_value(given, allowed);
    case Node::Kind::table:
      return given.node.is_list() ? check_list(given, allowed) : check_map(given, allowed);
    default:
      return given.expected("a plain value");
  }
}

Checked check_renderable(const Given& given) { return check_data(given, kAll); }

Checked check_renderable_string(const Given& given) {
  if (!is_text(given)) return given.expected("a string, property, interpolate or a function");
  return check_data(given, kAll);
}

Checked check_description(const Given& given) {
  return given.node.is_list() ? given.list_of(check_renderable_string) : check_renderable_string(given);
}

Checked check_command(const Given& given) {
  const std::string what = "a command: a string for the shell or a list of words";
  if (!given.node.is_list()) {
    const bool empty = given.is(Node::Kind::string) && given.node.text.empty();
    return is_text(given) && !empty ? check_data(given, kAll) : given.expected(what);
  }
  json::Array words;
  bool right = true;
  given.each_item([&](const Given& item) {
    Checked word = item.is(Node::Kind::integer) ? Checked(std::to_string(item.node.integer))
                                                : check_renderable_string(item);
    right = right && word;
    if (word) words.push_back(std::move(*word));
  });
  if (!right) return std::nullopt;
  if (words.empty()) return given.expected(what);
  return words;
}

Checked check_variable(const Given& given) {
  if (given.is(Node::Kind::boolean) && !given.node.boolean) return json::Value();
  if (given.is(Node::Kind::integer)) return std::to_string(given.node.integer);
  if (given.node.is_list()) return check_description(given);
  if (is_text(given)) return check_data(given, kAll);
  return given.expected(
      "a string, a list of strings, property, interpolate, a function, or false to remove it");
}

Checked check_env(const Given& given) {
  if (given.is(Node::Kind::function) || is_value(given)) return check_data(given, kAll);
  return given.by_name("variables, such as { CC = \"gcc\", LANG = false }", check_variable);
}

Checked check_properties(const Given& given, Checked (*check)(const Given&)) {
  return given.by_name("properties, such as { os = \"linux\" }", check);
}

Checked check_subject(const Given& given) {
  if (given.is(Node::Kind::function)) return given.function("report");
  if (!given.is(Node::Kind::string) && !given.is(Node::Kind::interpolate))
    return given.expected("a string, interpolate or function(report)");
  if (const auto problem = interpolation_problem(given.node.text)) return given.wrong(": " + *problem);
  return given.node.text;
}

// Checks a table that has the fields of the vocabulary's table `name`.
Checked check_fields(const Given& given, const char* name, const std::string& what) {
  if (!given.is(Node::Kind::table)) return given.expected(what);
  const std::string label = given.spot.field() + " of " + given.spot.declaration().label();
  return given.checker.check_table(Vocabulary::get().table(name), label, given.node, given.spot);
}

Checked check_codebases(const Given& given) {
  if (!given.node.is_list())
    return given.by_name(
        "codebases: a list of names, or { name = { repository = …, branch = … } }", [](const Given& value) {
          return check_fields(value, "codebase", "{ repository = …, branch = …, revision = … }");
        });
  json::Object all;
  given.each_item([&](const Given& item) {
    if (const auto name = check_string(item)) all[name->as_string()] = json::Object{};
  });
  return all;
}

const Type kTypes[] = {
    {"properties", "`{ name = value }`; values are plain data",
     [](const Given& given) { return check_properties(given, check_plain_data); }},
    {"renderables", "`{ name = value }`; values may hold `property`, `interpolate` and functions",
     [](const Given& given) { return check_properties(given, check_renderable); }},
    {"scheduler properties", "`{ name = value }`; values are plain data or `function(request)`",
     [](const Given& given) {
       return check_properties(given, [](const Given& value) {
         return value.is(Node::Kind::function) ? value.function("request") : check_plain_data(value);
       });
     }},
    {"renderable", "plain data that may hold `property`, `interpolate` and `function(build)`",
     check_renderable},
    {"renderable string", "a text, `property`, `interpolate` or `function(build)`", check_renderable_string},
    {"description", "the same, or a list of them", check_description},
    {"command",
     "a text for the shell, or a list of words, nested as you like; each may be `property`, `interpolate` or "
     "`function(build)`",
     check_command},
    {"env",
     "`{ CC = \"gcc\", LANG = false }`; `false` removes a variable, a list is joined with `:`, `${NAME}` is "
     "the "
     "worker's own",
     check_env},
    {"condition", "`true`, `false`, `property`, `interpolate` or `function(build)`",
     [](const Given& given) -> Checked {
       if (!given.is(Node::Kind::boolean) && !given.is(Node::Kind::function) && !is_value(given))
         return given.expected("true, false, property, interpolate or function(build)");
       return check_data(given, kAll);
     }},
    {"hide condition", "`true`, `false` or `function(build)`",
     [](const Given& given) -> Checked {
       if (!given.is(Node::Kind::boolean) && !given.is(Node::Kind::function))
         return given.expected("true, false or function(build)");
       return check_data(given, kFunctions);
     }},
    {"change function", "`function(change)`", [](const Given& given) { return given.function("change"); }},
    {"value function", "a function of the attribute's value, which may be nil",
     [](const Given& given) { return given.function("value"); }},
    {"report function", "`function(report)`", [](const Given& given) { return given.function("report"); }},
    {"subject", "a text that is interpolated, or `function(report)`", check_subject},
    {"change filter", "a table, see [`change_filter`](#change_filter)",
     [](const Given& given) {
       return check_fields(given, "change_filter", "a filter, such as { branch_re = \"release/.*\" }");
     }},
    {"codebases", "a list of names, or `{ name = { … } }`, see [`codebase`](#codebase)", check_codebases},
};

}  // namespace

Checked check_plain_data(const Given& given) { return check_data(given, kNothing); }

std::span<const Type> build_types() { return kTypes; }

}  // namespace headrace::config
