// SPDX-License-Identifier: Apache-2.0
#include "config/checker.hpp"

#include <algorithm>
#include <cmath>
#include <stdexcept>

namespace headrace::config {

Spot Spot::at(std::string name) const {
  Spot inner = *this;
  inner.path.emplace_back(std::move(name));
  return inner;
}

Spot Spot::at(int position) const {
  Spot inner = *this;
  inner.path.emplace_back(position);
  return inner;
}

std::string Spot::field() const {
  std::string text;
  for (const auto& part : path) {
    if (const auto* name = std::get_if<std::string>(&part)) {
      text += (text.empty() ? "" : ".") + *name;
    } else {
      text += "[" + std::to_string(std::get<int>(part)) + "]";
    }
  }
  return text;
}

std::string describe(const Node& node) {
  switch (node.kind) {
    case Node::Kind::nil:
      return "nil";
    case Node::Kind::boolean:
      return node.boolean ? "true" : "false";
    case Node::Kind::integer:
      return std::to_string(node.integer);
    case Node::Kind::number: {
      std::string text = json::write(node.number);
      return std::isfinite(node.number) ? text : "a number that is not finite";
    }
    case Node::Kind::string:
      return "\"" + (node.text.size() > 60 ? node.text.substr(0, 57) + "..." : node.text) + "\"";
    case Node::Kind::function:
      return "a function";
    case Node::Kind::property:
      return "property \"" + node.text + "\"";
    case Node::Kind::interpolate:
      return "interpolate \"" + node.text + "\"";
    case Node::Kind::declaration:
      return "a declaration";
    case Node::Kind::word:
      return node.text + " itself, without { … }";
    case Node::Kind::table:
      return node.items.empty() && node.fields.empty() && node.sparse.empty() ? "{}"
             : node.is_list()                                                 ? "a list"
                                                                              : "a table";
    case Node::Kind::mistake:
      return "a mistake";
    case Node::Kind::other:
      return node.text.empty() ? "a value of no use here" : node.text;
  }
  return "";
}

Checker::Checker(Declarations& declarations, Problems& problems)
    : declarations_(declarations), problems_(problems) {
  for (const auto& d : declarations_.all)
    if (d.name) names_[d.word.substr(0, d.word.find('.'))].push_back(*d.name);
}

void Checker::wrong(const Spot& spot, const std::string& text) {
  const Declaration& d = *spot.declaration;
  problems_.add(d.file, problems_.line_of(d.file, d.line, d.word, spot.path), text);
}

void Checker::wrong(const Declaration& declaration, const std::string& text) {
  problems_.add(declaration.file, declaration.line, text);
}

Checker::Value Checker::expected(const std::string& what, const Node& node, const Spot& spot) {
  std::string got = describe(node);
  if (node.is(Node::Kind::declaration))
    got = declarations_.all[static_cast<std::size_t>(node.integer)].label();
  if (!node.is(Node::Kind::mistake))
    wrong(spot, spot.field() + " of " + spot.declaration->label() + ": expected " + what + ", got " + got);
  return std::nullopt;
}

ByTarget by_target(const Word& word, json::Object fields) {
  ByTarget sorted;
  for (auto& [name, value] : fields) {
    const Field& field = word.fields.find(name)->second;
    if (field.is_option()) {
      sorted.options[name] = std::move(value);
    } else {
      sorted.members[field.target] = std::move(value);
    }
  }
  return sorted;
}

const ByTarget& Checker::defaults(const Word& word) {
  const auto [it, added] = defaults_.try_emplace(word.name);
  if (!added) return it->second;
  Declaration vocabulary;
  vocabulary.word = word.name;
  vocabulary.file = "vocabulary";
  json::Object values;
  for (const auto& [name, field] : word.fields)
    if (auto value = check_type(field.type, field.default_value, Spot{&vocabulary, {name}}))
      values[name] = std::move(*value);
  return it->second = by_target(word, std::move(values));
}

json::Object Checker::check(const Declaration& declaration) {
  const Word& word = Vocabulary::get().word(declaration.word);
  if (!declaration.complete) {
    wrong(declaration, declaration.label() + " has no { fields }");
    return {};
  }
  if (declaration.lost) return {};
  return check_table(word, declaration.label(), declaration.fields, Spot{&declaration, {}});
}

json::Object Checker::check_table(const Word& word, const std::string& label, const Node& table,
                                  const Spot& spot) {
  json::Object fields;
  std::set<std::string> meant;  // fields that were there but for a mistake in their name
  for (std::size_t i = 0; i < table.items.size(); ++i)
    if (!table.items[i].is(Node::Kind::nil))
      wrong(spot.at(static_cast<int>(i + 1)),
            describe(table.items[i]) + " in " + label + " has no field's name before it");
  for (const auto& [key, value] : table.sparse)
    wrong(spot, "[" + std::to_string(key) + "] is no field of " + label);
  for (const auto& [name, value] : table.fields) {
    auto known = word.fields.find(name);
    if (known == word.fields.end() && word.camel) known = word.fields.find(snake_case(name));
    if (known != word.fields.end()) {
      auto checked = check_type(known->second.type, value, spot.at(name));
      if (!checked) continue;
      if (known->second.required && checked->is_string() && checked->as_string().empty()) {
        expected("a text that is not empty", value, spot.at(name));
      } else if (!fields.try_emplace(known->first, std::move(*checked)).second) {
        wrong(spot.at(name), "'" + known->first + "' is given twice in " + label);
      }
    } else if (name == "name" && word.naming != Word::Naming::none) {
      if (!value.is(Node::Kind::string)) expected("a string", value, spot.at(name));
    } else if (word.camel && word.later.contains(snake_case(name))) {
      wrong(spot.at(name), Vocabulary::get().field_advice(word, label, snake_case(name)));
    } else if (!value.is(Node::Kind::mistake)) {
      wrong(spot.at(name), Vocabulary::get().field_advice(word, label, name));
      meant.insert(Vocabulary::get().meant(word, name));
    }
  }
  for (const auto& [name, field] : word.fields)
    if (field.required && !table.fields.contains(name) && !meant.contains(name))
      wrong(spot, label + " needs the field '" + name + "'");
  check_rules(word, label, table, fields, spot);
  return fields;
}

// What the vocabulary says of one field beside another.
void Checker::check_rules(const Word& word, const std::string& label, const Node& table,
                          const json::Object& fields, const Spot& spot) {
  for (const auto& [name, value] : fields) {
    const Field& field = word.fields.find(name)->second;
    if (fields.contains(field.excludes))
      wrong(spot.at(name), label + " has both '" + std::min(name, field.excludes) + "' and '" +
                               std::max(name, field.excludes) + "'");
    const Need& need = field.needs;
    if (need.field.empty() || !value.truthy()) continue;
    const auto other = fields.find(need.field);
    const Node& otherwise = word.fields.find(need.field)->second.default_value;
    bool fulfilled = false;
    if (other != fields.end()) {
      fulfilled = need.value.empty() || other->second == json::Value(need.value);
    } else {
      const bool mistaken = table.fields.contains(need.field);
      const bool by_default =
          !otherwise.is(Node::Kind::nil) && (need.value.empty() || otherwise.text == need.value);
      fulfilled = mistaken || by_default;
    }
    if (!fulfilled) wrong(spot.at(name), name + " of " + label + " " + need.says);
  }
}

Checker::Value Checker::check_type(const std::string& type, const Node& node, const Spot& spot) {
  if (node.is(Node::Kind::mistake) || node.is(Node::Kind::nil)) return std::nullopt;
  if (type.starts_with("one of ")) return one_of(type.substr(7), node, spot);
  const auto check = types().find(type);
  if (check == types().end()) throw std::logic_error("vocabulary: there is no type '" + type + "'");
  return (this->*check->second)(node, spot);
}

bool Checker::knows_type(const std::string& type) {
  return type.starts_with("one of ") || types().contains(type);
}

const std::map<std::string, Checker::Check, std::less<>>& Checker::types() {
  static const std::map<std::string, Check, std::less<>> all = {
      {"address", &Checker::address},
      {"addresses", &Checker::addresses},
      {"bool", &Checker::boolean},
      {"builder selector", &Checker::builder_selector},
      {"builders", &Checker::builders},
      {"change filter", &Checker::change_filter},
      {"change function", &Checker::change_function},
      {"codebases", &Checker::codebases},
      {"command", &Checker::command},
      {"condition", &Checker::condition},
      {"count", &Checker::count},
      {"depth", &Checker::depth},
      {"description", &Checker::description},
      {"duration", &Checker::duration},
      {"env", &Checker::env},
      {"exit codes", &Checker::exit_codes},
      {"globs", &Checker::globs},
      {"headers", &Checker::headers},
      {"hide condition", &Checker::hide_condition},
      {"http url", &Checker::http_url},
      {"integer", &Checker::integer},
      {"interval", &Checker::interval},
      {"limit", &Checker::limit},
      {"mail url", &Checker::mail_url},
      {"mode", &Checker::mode},
      {"path globs", &Checker::globs},
      {"properties", &Checker::properties},
      {"regex", &Checker::regex},
      {"regexes", &Checker::regexes},
      {"regexes by property", &Checker::regexes_by_property},
      {"renderable", &Checker::renderable},
      {"renderable string", &Checker::renderable_string},
      {"renderables", &Checker::renderables},
      {"report function", &Checker::report_function},
      {"scheduler properties", &Checker::scheduler_properties},
      {"schedulers", &Checker::schedulers},
      {"site url", &Checker::site_url},
      {"steps", &Checker::steps},
      {"string", &Checker::string},
      {"string or false", &Checker::string_or_false},
      {"strings", &Checker::strings},
      {"subject", &Checker::subject},
      {"user and password", &Checker::user_and_password},
      {"value function", &Checker::value_function},
      {"values", &Checker::values},
      {"values by property", &Checker::values_by_property},
      {"workers", &Checker::workers},
  };
  return all;
}

void Checker::each_item(const Node& node, const Spot& spot,
                        const std::function<void(const Node&, const Spot&)>& each) {
  if (!node.is_list()) return each(node, spot);
  for (std::size_t i = 0; i < node.items.size(); ++i) {
    const Node& item = node.items[i];
    if (item.is(Node::Kind::nil) || item.is(Node::Kind::mistake)) continue;
    each_item(item, spot.at(static_cast<int>(i + 1)), each);
  }
}

}  // namespace headrace::config
