// SPDX-License-Identifier: Apache-2.0
// One value that is being checked: the value, its place, and the report of its mistakes.
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

/// A value that is right, as plain JSON: times are milliseconds, functions are {"$question": N}. It is empty
/// when the value had a mistake, which was reported.
using Checked = std::optional<json::Value>;

/// The place of a value: a declaration, and the way from the declaration's fields to the value. An inner spot
/// points to the outer one, which lives longer. Spots are made on the way down, and cost nothing until a
/// mistake is reported.
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
  int position_ = 0;  ///< from 1, in a list; 0: the spot is a field
};

struct Given {
  Checker& checker;
  const Node& node;
  Spot spot;
  std::string_view choices = {};  ///< the choices of a type "one of …"

  bool is(Node::Kind kind) const { return node.is(kind); }

  /// Reports that `what` was expected: "slots of worker "x": expected …, got "2"".
  Checked expected(const std::string& what) const;
  /// Reports `text` behind the name of the field: "slots of worker "x"…".
  Checked wrong(const std::string& text) const;

  Given member(std::string_view name, const Node& value) const;
  /// Calls `each` with every item of a list, and of the lists in it. A value that is no list counts as one
  /// item.
  void each_item(const std::function<void(const Given&)>& each) const;
  /// Gives an array of the items that `check` finds right.
  Checked list_of(const std::function<Checked(const Given&)>& check) const;
  /// Gives an object of the members that `check` finds right. A value that is no such table reports that
  /// `what` was expected.
  Checked by_name(const std::string& what, const std::function<Checked(const Given&)>& check) const;
  /// Gives the value as a function, and names the function's argument.
  Checked function(const std::string& argument) const;
};

}  // namespace headrace::config
