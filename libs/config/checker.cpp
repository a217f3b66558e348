// SPDX-License-Identifier: Apache-2.0
#include "config/checker.hpp"

#include <algorithm>
#include <stdexcept>

#include "config/types.hpp"

namespace headrace::config {

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

Checker::Checker(Declarations& declarations, Problems& problems)
    : declarations_(declarations), problems_(problems) {
  for (const auto& d : declarations_.all) {
    if (!d.name) continue;
    auto& names = names_[d.word.substr(0, d.word.find('.'))];
    names.in_order.push_back(*d.name);
    names.all.insert(*d.name);
  }
}

void Checker::complain(const Spot& spot, const std::string& text) {
  const Declaration& d = spot.declaration();
  problems_.add(d.file, problems_.line_of(d.file, d.line, d.word, spot.path()), text);
}

void Checker::complain(const Declaration& declaration, const std::string& text) {
  problems_.add(declaration.file, declaration.line, text);
}

std::string Checker::described(const Node& node) const {
  return node.is(Node::Kind::declaration) ? declared(node.integer).label() : describe(node);
}

const Declaration& Checker::declared(std::int64_t index) const {
  return declarations_.all[static_cast<std::size_t>(index)];
}

void Checker::name_argument(FunctionId id, const std::string& argument) {
  declarations_.functions[static_cast<std::size_t>(id - 1)].argument = argument;
}

bool Checker::may_be_lost(const std::string& name) const {
  return declarations_.aborted || declarations_.names_in_error.contains(name);
}

const ByTarget& Checker::defaults(const Word& word) {
  const auto [it, added] = defaults_.try_emplace(word.name);
  if (!added) return it->second;
  Declaration vocabulary;
  vocabulary.word = word.name;
  vocabulary.file = "vocabulary";
  const Spot spot(vocabulary);
  json::Object values;
  for (const auto& [name, field] : word.fields)
    if (auto value = check_type(field.type, field.default_value, spot.at(name)))
      values[name] = std::move(*value);
  return it->second = by_target(word, std::move(values));
}

json::Object Checker::check(const Declaration& declaration) {
  if (!declaration.complete) {
    complain(declaration, declaration.label() + " has no { fields }");
    return {};
  }
  if (declaration.fields_in_error) return {};
  return check_table(Vocabulary::get().word(declaration.word), declaration.label(), declaration.fields,
                     Spot(declaration));
}

json::Object Checker::check_table(const Word& word, const std::string& label, const Node& table,
                                  const Spot& spot) {
  json::Object fields;
  std::set<std::string> meant;  // fields that are there under a misspelt name
  for (std::size_t i = 0; i < table.items.size(); ++i)
    if (!table.items[i].is(Node::Kind::nil))
      complain(spot.at(static_cast<int>(i + 1)),
               describe(table.items[i]) + " in " + label + " has no field's name before it");
  for (const auto& [key, value] : table.sparse)
    complain(spot, "[" + std::to_string(key) + "] is no field of " + label);
  for (const auto& [name, value] : table.fields)
    check_field(word, label, name, {*this, value, spot.at(name)}, fields, meant);
  for (const auto& [name, field] : word.fields)
    if (field.required && !table.fields.contains(name) && !meant.contains(name))
      complain(spot, label + " needs the field '" + name + "'");
  check_rules(word, label, table, fields, spot);
  return fields;
}

void Checker::check_field(const Word& word, const std::string& label, const std::string& name,
                          const Given& given, json::Object& fields, std::set<std::string>& meant) {
  auto known = word.fields.find(name);
  if (known == word.fields.end() && word.camel) known = word.fields.find(snake_case(name));
  if (known != word.fields.end()) {
    auto checked = check_type(known->second.type, given.node, given.spot);
    if (!checked) return;
    if (known->second.required && checked->is_string() && checked->as_string().empty()) {
      given.expected("a text that is not empty");
    } else if (!fields.try_emplace(known->first, std::move(*checked)).second) {
      complain(given.spot, "'" + known->first + "' is given twice in " + label);
    }
  } else if (name == "name" && word.naming != Word::Naming::none) {
    if (!given.is(Node::Kind::string)) given.expected("a string");
  } else if (word.camel && word.later.contains(snake_case(name))) {
    complain(given.spot, Vocabulary::get().field_advice(word, label, snake_case(name)));
  } else if (!given.is(Node::Kind::mistake)) {
    complain(given.spot, Vocabulary::get().field_advice(word, label, name));
    meant.insert(Vocabulary::get().meant(word, name));
  }
}

// Checks what a field excludes, and what it needs beside it.
void Checker::check_rules(const Word& word, const std::string& label, const Node& table,
                          const json::Object& fields, const Spot& spot) {
  for (const auto& [name, value] : fields) {
    const Field& field = word.fields.find(name)->second;
    if (fields.contains(field.excludes))
      complain(spot.at(name), label + " has both '" + std::min(name, field.excludes) + "' and '" +
                                  std::max(name, field.excludes) + "'");
    if (!field.needs.field.empty() && value.truthy() && !fulfilled(word, field.needs, table, fields))
      complain(spot.at(name), name + " of " + label + " " + field.needs.says);
  }
}

bool Checker::fulfilled(const Word& word, const Need& need, const Node& table,
                        const json::Object& fields) const {
  const auto other = fields.find(need.field);
  if (other != fields.end()) return need.value.empty() || other->second == json::Value(need.value);
  if (table.fields.contains(need.field)) return true;  // given, with a mistake that was reported already
  const Node& otherwise = word.fields.find(need.field)->second.default_value;
  return !otherwise.is(Node::Kind::nil) && (need.value.empty() || otherwise.text == need.value);
}

Checked Checker::check_type(const std::string& type, const Node& node, const Spot& spot) {
  if (node.is(Node::Kind::mistake) || node.is(Node::Kind::nil)) return std::nullopt;
  const Type* known = find_type(type);
  if (known == nullptr) throw std::logic_error("vocabulary: there is no type '" + type + "'");
  constexpr std::string_view kOneOf = "one of ";
  const std::string_view choices =
      type.starts_with(kOneOf) ? std::string_view(type).substr(kOneOf.size()) : "";
  return known->check({*this, node, spot, choices});
}

}  // namespace headrace::config
