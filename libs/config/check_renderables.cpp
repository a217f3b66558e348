// SPDX-License-Identifier: Apache-2.0
// The types whose values may be known in a build only: property, interpolate, functions; and the tables
// that hold them.
#include <cmath>

#include "config/checker.hpp"
#include "config/interpolation.hpp"

namespace headrace::config {
namespace {

bool is_value(const Node& node) { return node.is(Node::Kind::property) || node.is(Node::Kind::interpolate); }

}  // namespace

Checker::Value Checker::function(const Node& node, const Spot& spot, const std::string& argument) {
  if (!node.is(Node::Kind::function)) return expected("function(" + argument + ")", node, spot);
  declarations_.functions[static_cast<std::size_t>(node.integer - 1)].argument = argument;
  return json::Object{{"$question", node.integer}};
}

// Anything that has a JSON form, and inside of it what `allowed` says.
Checker::Value Checker::data(const Node& node, const Spot& spot, const Allowed& allowed) {
  switch (node.kind) {
    case Node::Kind::boolean:
      return node.boolean;
    case Node::Kind::integer:
      return node.integer;
    case Node::Kind::string:
      return node.text;
    case Node::Kind::number:
      if (!std::isfinite(node.number)) return expected("a finite number", node, spot);
      return node.number;
    case Node::Kind::function:
      if (allowed.functions) return function(node, spot, allowed.argument);
      return expected("a plain value", node, spot);
    case Node::Kind::property:
    case Node::Kind::interpolate: {
      if (!allowed.values) return expected("a plain value", node, spot);
      if (node.is(Node::Kind::interpolate)) return json::Object{{"$interpolate", node.text}};
      json::Object property{{"$property", node.text}};
      if (!node.items.empty()) {
        auto otherwise = data(node.items[0], spot, allowed);
        if (!otherwise) return std::nullopt;
        property["$default"] = std::move(*otherwise);
      }
      return property;
    }
    case Node::Kind::table:
      break;
    default:
      return expected("a plain value", node, spot);
  }
  if (node.is_list()) {
    json::Array items;
    for (std::size_t i = 0; i < node.items.size(); ++i) {
      if (node.items[i].is(Node::Kind::nil)) continue;
      auto item = data(node.items[i], spot.at(static_cast<int>(i + 1)), allowed);
      if (!item) return std::nullopt;
      items.push_back(std::move(*item));
    }
    return items;
  }
  if (!node.is_map()) return expected("a list, or a table with names as keys", node, spot);
  json::Object members;
  for (const auto& [name, value] : node.fields) {
    if (name.starts_with("$")) {
      wrong(spot.at(name), spot.field() + " of " + spot.declaration->label() + ": the key '" + name +
                               "' begins with '$', which is reserved");
      return std::nullopt;
    }
    auto member = data(value, spot.at(name), allowed);
    if (!member) return std::nullopt;
    members[name] = std::move(*member);
  }
  return members;
}

Checker::Value Checker::by_name(const Node& node, const Spot& spot, const std::string& what,
                                const std::function<Value(const Node&, const Spot&)>& check) {
  if (!node.is_map()) return expected(what, node, spot);
  json::Object members;
  for (const auto& [name, value] : node.fields)
    if (!value.is(Node::Kind::mistake))
      if (auto member = check(value, spot.at(name))) members[name] = std::move(*member);
  return members;
}

Checker::Value Checker::renderable(const Node& node, const Spot& spot) {
  return data(node, spot, {true, true});
}

Checker::Value Checker::renderable_string(const Node& node, const Spot& spot) {
  if (!node.is(Node::Kind::string) && !node.is(Node::Kind::function) && !is_value(node))
    return expected("a string, property, interpolate or a function", node, spot);
  return data(node, spot, {true, true});
}

Checker::Value Checker::description(const Node& node, const Spot& spot) {
  if (!node.is_list()) return renderable_string(node, spot);
  json::Array words;
  each_item(node, spot, [&](const Node& item, const Spot& at) {
    if (auto word = renderable_string(item, at)) words.push_back(std::move(*word));
  });
  return words;
}

Checker::Value Checker::command(const Node& node, const Spot& spot) {
  const std::string what = "a command: a string for the shell or a list of words";
  if (!node.is_list()) {
    if (node.is(Node::Kind::string) && node.text.empty()) return expected(what, node, spot);
    if (!node.is(Node::Kind::string) && !node.is(Node::Kind::function) && !is_value(node))
      return expected(what, node, spot);
    return data(node, spot, {true, true});
  }
  json::Array words;
  bool right = true;
  each_item(node, spot, [&](const Node& item, const Spot& at) {
    Value word;
    if (item.is(Node::Kind::integer)) {
      word = std::to_string(item.integer);
    } else {
      word = renderable_string(item, at);
    }
    right = right && word;
    if (word) words.push_back(std::move(*word));
  });
  if (!right) return std::nullopt;
  if (words.empty()) return expected(what, node, spot);
  return words;
}

Checker::Value Checker::condition(const Node& node, const Spot& spot) {
  if (!node.is(Node::Kind::boolean) && !node.is(Node::Kind::function) && !is_value(node))
    return expected("true, false, property, interpolate or function(build)", node, spot);
  return data(node, spot, {true, true});
}

Checker::Value Checker::hide_condition(const Node& node, const Spot& spot) {
  if (!node.is(Node::Kind::boolean) && !node.is(Node::Kind::function))
    return expected("true, false or function(build)", node, spot);
  return data(node, spot, {true, false});
}

Checker::Value Checker::env(const Node& node, const Spot& spot) {
  const std::string what = "variables, such as { CC = \"gcc\", LANG = false }";
  if (node.is(Node::Kind::function) || is_value(node)) return data(node, spot, {true, true});
  if (!node.is_map()) return expected(what, node, spot);
  return by_name(node, spot, what, [&](const Node& value, const Spot& at) -> Value {
    if (value.is(Node::Kind::boolean) && !value.boolean) return json::Value();
    if (value.is(Node::Kind::integer)) return std::to_string(value.integer);
    if (value.is_list()) return description(value, at);
    if (!value.is(Node::Kind::string) && !value.is(Node::Kind::function) && !is_value(value))
      return expected("a string, a list of strings, property, interpolate, a function, or false to remove it",
                      value, at);
    return data(value, at, {true, true});
  });
}

Checker::Value Checker::properties(const Node& node, const Spot& spot) {
  return by_name(node, spot, "properties, such as { os = \"linux\" }",
                 [&](const Node& value, const Spot& at) { return data(value, at, {}); });
}

Checker::Value Checker::renderables(const Node& node, const Spot& spot) {
  return by_name(node, spot, "properties, such as { os = \"linux\" }",
                 [&](const Node& value, const Spot& at) {
                   return data(value, at, {true, true});
                 });
}

Checker::Value Checker::scheduler_properties(const Node& node, const Spot& spot) {
  return by_name(node, spot, "properties, such as { os = \"linux\" }",
                 [&](const Node& value, const Spot& at) {
                   if (value.is(Node::Kind::function)) return function(value, at, "request");
                   return data(value, at, {});
                 });
}

Checker::Value Checker::change_function(const Node& node, const Spot& spot) {
  return function(node, spot, "change");
}

Checker::Value Checker::value_function(const Node& node, const Spot& spot) {
  return function(node, spot, "value");
}

Checker::Value Checker::report_function(const Node& node, const Spot& spot) {
  return function(node, spot, "report");
}

Checker::Value Checker::subject(const Node& node, const Spot& spot) {
  if (node.is(Node::Kind::function)) return function(node, spot, "report");
  if (!node.is(Node::Kind::string) && !node.is(Node::Kind::interpolate))
    return expected("a string, interpolate or function(report)", node, spot);
  if (const auto problem = interpolation_problem(node.text)) {
    wrong(spot, spot.field() + " of " + spot.declaration->label() + ": " + *problem);
    return std::nullopt;
  }
  return node.text;
}

Checker::Value Checker::change_filter(const Node& node, const Spot& spot) {
  if (!node.is(Node::Kind::table))
    return expected("a filter, such as { branch_re = \"release/.*\" }", node, spot);
  return check_table(Vocabulary::get().table("change_filter"),
                     spot.field() + " of " + spot.declaration->label(), node, spot);
}

Checker::Value Checker::codebases(const Node& node, const Spot& spot) {
  const std::string what = "codebases: a list of names, or { name = { repository = …, branch = … } }";
  json::Object all;
  if (node.is_list()) {
    each_item(node, spot, [&](const Node& item, const Spot& at) {
      if (const auto name = string(item, at)) all[name->as_string()] = json::Object{};
    });
    return all;
  }
  if (!node.is_map()) return expected(what, node, spot);
  const Word& word = Vocabulary::get().table("codebase");
  return by_name(node, spot, what, [&](const Node& value, const Spot& at) -> Value {
    if (!value.is(Node::Kind::table))
      return expected("{ repository = …, branch = …, revision = … }", value, at);
    return check_table(word, at.field() + " of " + at.declaration->label(), value, at);
  });
}

}  // namespace headrace::config
