// SPDX-License-Identifier: Apache-2.0
// Checks what is declared against the vocabulary: which fields there are, their types (types.hpp), which of
// them go together. What passes is plain JSON by the name of the field; site_builder.cpp binds it to the
// structs.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "config/given.hpp"
#include "config/vocabulary.hpp"

namespace headrace::config {

/// Checked fields by where they go: members of the family's struct, options of the kind.
struct ByTarget {
  json::Object members, options;
};
ByTarget by_target(const Word& word, json::Object fields);

class Checker {
 public:
  Checker(Declarations& declarations, Problems& problems);

  /// The fields of a declaration, those that are right. Steps stand as their indexes, workers and
  /// builders as the names that their patterns select.
  json::Object check(const Declaration& declaration);
  /// The same of a table in a field; `label` names it in messages.
  json::Object check_table(const Word& word, const std::string& label, const Node& table, const Spot& spot);

  /// What holds for the fields of `word` that are not given.
  const ByTarget& defaults(const Word& word);

  /// Tells of a mistake in a field.
  void complain(const Spot& spot, const std::string& text);
  /// Tells of a mistake of a whole declaration.
  void complain(const Declaration& declaration, const std::string& text);

  // For the types.

  /// What a value is, for a message: `"10x"`, `a list`, `worker "x"`.
  std::string described(const Node& node) const;
  const Declaration& declared(std::int64_t index) const;
  /// Says what the argument of function `id` is called.
  void name_argument(FunctionId id, const std::string& argument);

  struct Names {
    std::vector<std::string> in_order;
    std::set<std::string, std::less<>> all;
    bool contains(std::string_view name) const { return all.contains(name); }
  };
  /// The declared names of a kind ("worker").
  const Names& names(const std::string& kind) { return names_[kind]; }
  /// Whether `name` may be declared where another mistake hides it.
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
