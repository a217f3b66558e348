// SPDX-License-Identifier: Apache-2.0
// Checks declarations against the vocabulary: which fields exist, their types (types.hpp), and which fields
// may stand together. The checked fields are plain JSON, by name; site_builder.cpp binds them to the structs.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "config/given.hpp"
#include "config/vocabulary.hpp"

namespace headrace::config {

/// Checked fields, divided into members of the family's struct and options of the kind.
struct ByTarget {
  json::Object members, options;
};
ByTarget by_target(const Word& word, json::Object fields);

class Checker {
 public:
  Checker(Declarations& declarations, Problems& problems);

  /// Gives the fields of a declaration that are right. A step is given by the index of its declaration,
  /// workers and builders by the names that the patterns select.
  json::Object check(const Declaration& declaration);
  /// Does the same for a table that is the value of a field. @param label  names the table in messages
  json::Object check_table(const Word& word, const std::string& label, const Node& table, const Spot& spot);

  /// The values of the fields of `word` that a declaration leaves out.
  const ByTarget& defaults(const Word& word);

  /// Reports a mistake in a field.
  void complain(const Spot& spot, const std::string& text);
  /// Reports a mistake in a declaration as a whole.
  void complain(const Declaration& declaration, const std::string& text);

  // The rest is for the checks of the types (types.hpp).

  /// Describes a value in a message: `"10x"`, `a list`, `worker "x"`.
  std::string described(const Node& node) const;
  const Declaration& declared(std::int64_t index) const;
  /// Sets the name of the argument of function `id`, for messages.
  void name_argument(FunctionId id, const std::string& argument);

  struct Names {
    std::vector<std::string> in_order;
    std::set<std::string, std::less<>> all;
    bool contains(std::string_view name) const { return all.contains(name); }
  };
  /// The declared names of a kind ("worker").
  const Names& names(const std::string& kind) { return names_[kind]; }
  /// True when another mistake may hide the declaration of `name`.
  bool may_be_lost(const std::string& name) const;
  bool any_lost() const { return !declarations_.names_in_error.empty(); }

 private:
  void check_field(const Word& word, const std::string& label, const std::string& name, const Given& given,
                   json::Object& fields, std::set<std::string>& meant);
  void check_rules(const Word& word, const std::string& label, const Node& table, const json::Object& fields,
                   const Spot& spot);
  bool fulfilled(const Word& word, const Need& need, const Node& table, const json::Object& fields) const;
  Checked check_type(const std::string& type, const Node& node, const Spot& spot);

  Declarations& declarations_;
  Problems& problems_;
  std::map<std::string, Names> names_;        // by kind
  std::map<std::string, ByTarget> defaults_;  // by word
};

}  // namespace headrace::config
