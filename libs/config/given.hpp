// SPDX-License-Identifier: Apache-2.0
// One value that is checked: what it is, where it stands, and how its mistakes are told.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "config/declarations.hpp"
#include "config/problems.hpp"
#include "json/value.hpp"

namespace headrace::config {

class Checker;

/// A value that is right, as plain JSON: times are milliseconds, functions {"$question": N}. Nothing: there
/// was a mistake, which is told.
using Checked = std::optional<json::Value>;

/// Where a value stands: a declaration, and the way from its fields to the value. An inner spot points to the
/// outer one, which lives longer: spots are made on the way down and cost nothing until a mistake is told.
class Spot {
 public:
  explicit Spot(const Declaration& declaration) : declaration_(&declaration) {}

  Spot at(std::string_view name) const { return Spot(*this, name, 0); }
  Spot at(int position) const { return Spot(*this, {}, position); }

  const Declaration& declaration() const { return *declaration_; }
  FieldPath path() const;
  /// `steps[2]`, `change_filter.branch_re`
  std::string field() const;

 private:
  Spot(const Spot& outer, std::string_view name, int position)
      : declaration_(outer.declaration_), outer_(&outer), name_(name), position_(position) {}

  const Declaration* declaration_;
  const Spot* outer_ = nullptr;
  std::string_view name_;
  int position_ = 0;  ///< in a list, from 1; 0: a field
};

struct Given {
  Checker& checker;
  const Node& node;
  Spot spot;
  std::string_view choices = {};  ///< of the type "one of"

  bool is(Node::Kind kind) const { return node.is(kind); }

  /// Tells that something else was expected: "slots of worker "x": expected …, got "2"".
  Checked expected(const std::string& what) const;
  /// Tells "slots of worker "x"" and `text`.
  Checked wrong(const std::string& text) const;

  Given member(std::string_view name, const Node& value) const;
  /// Calls `each` with every item of a list in lists, or with the value itself when it is no list.
  void each_item(const std::function<void(const Given&)>& each) const;
  /// An array of the items that `check` finds right.
  Checked list_of(const std::function<Checked(const Given&)>& check) const;
  /// An object of the members that `check` finds right; otherwise `what` was expected.
  Checked by_name(const std::string& what, const std::function<Checked(const Given&)>& check) const;
  /// The value is a function, whose argument is called so.
  Checked function(const std::string& argument) const;
};

}  // namespace headrace::config
