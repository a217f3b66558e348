// SPDX-License-Identifier: Apache-2.0
#include "config/given.hpp"

#include <algorithm>

#include "config/checker.hpp"

namespace headrace::config {

FieldPath Spot::path() const {
  FieldPath path;
  for (const Spot* spot = this; spot->outer_ != nullptr; spot = spot->outer_) {
    if (spot->position_ > 0) {
      path.emplace_back(spot->position_);
    } else {
      path.emplace_back(std::string(spot->name_));
    }
  }
  std::reverse(path.begin(), path.end());
  return path;
}

std::string Spot::field() const {
  std::string text;
  for (const auto& part : path()) {
    if (const auto* name = std::get_if<std::string>(&part)) {
      text += (text.empty() ? "" : ".") + *name;
    } else {
      text += "[" + std::to_string(std::get<int>(part)) + "]";
    }
  }
  return text;
}

Checked Given::expected(const std::string& what) const {
  if (!is(Node::Kind::mistake)) wrong(": expected " + what + ", got " + checker.described(node));
  return std::nullopt;
}

Checked Given::wrong(const std::string& text) const {
  checker.complain(spot, spot.field() + " of " + spot.declaration().label() + text);
  return std::nullopt;
}

Given Given::member(std::string_view name, const Node& value) const {
  return {checker, value, spot.at(name)};
}

void Given::each_item(const std::function<void(const Given&)>& each) const {
  if (!node.is_list()) return each(*this);
  for (std::size_t i = 0; i < node.items.size(); ++i) {
    const Node& item = node.items[i];
    if (item.is(Node::Kind::nil) || item.is(Node::Kind::mistake)) continue;
    Given{checker, item, spot.at(static_cast<int>(i + 1)), choices}.each_item(each);
  }
}

Checked Given::list_of(const std::function<Checked(const Given&)>& check) const {
  json::Array all;
  each_item([&](const Given& item) {
    if (auto one = check(item)) all.push_back(std::move(*one));
  });
  return all;
}

Checked Given::by_name(const std::string& what, const std::function<Checked(const Given&)>& check) const {
  if (!node.is_map()) return expected(what);
  json::Object members;
  for (const auto& [name, value] : node.fields)
    if (!value.is(Node::Kind::mistake))
      if (auto one = check(member(name, value))) members[name] = std::move(*one);
  return members;
}

Checked Given::function(const std::string& argument) const {
  if (!is(Node::Kind::function)) return expected("function(" + argument + ")");
  checker.name_argument(node.integer, argument);
  return json::Object{{"$question", node.integer}};
}

}  // namespace headrace::config
