// SPDX-License-Identifier: Apache-2.0
// Checks what is declared against the vocabulary: fields, types, names that must exist. What passes is
// plain JSON, with a function as {"$question": N}, that site_builder.cpp only has to put in its place.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "config/declarations.hpp"
#include "config/problems.hpp"
#include "config/vocabulary.hpp"

namespace headrace::config {

/// A value's place: a declaration, and the way from its fields.
struct Spot {
  const Declaration* declaration = nullptr;
  FieldPath path;

  Spot at(std::string name) const;
  Spot at(int position) const;
  /// `steps[2]`, `change_filter.branch_re`
  std::string field() const;
};

/// Milliseconds of "90s", "1.5h", "250ms"; nothing when it is no time.
std::optional<std::int64_t> parse_duration(std::string_view text);

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

  /// What holds for the fields of `word` that are not given.
  const ByTarget& defaults(const Word& word);

  /// Reports a mistake in a field.
  void wrong(const Spot& spot, const std::string& text);
  /// Reports a mistake of a whole declaration.
  void wrong(const Declaration& declaration, const std::string& text);

  /// Whether there is such a type.
  static bool knows_type(const std::string& type);

 private:
  using Value = std::optional<json::Value>;
  using Check = Value (Checker::*)(const Node&, const Spot&);
  static const std::map<std::string, Check, std::less<>>& types();

  json::Object check_table(const Word& word, const std::string& label, const Node& table, const Spot& spot);
  void check_rules(const Word& word, const std::string& label, const Node& table, const json::Object& fields,
                   const Spot& spot);
  Value check_type(const std::string& type, const Node& node, const Spot& spot);
  Value expected(const std::string& what, const Node& node, const Spot& spot);

  // Plain values.
  Value string(const Node& node, const Spot& spot);
  Value string_or_false(const Node& node, const Spot& spot);
  Value boolean(const Node& node, const Spot& spot);
  Value integer(const Node& node, const Spot& spot);
  Value count(const Node& node, const Spot& spot);
  Value limit(const Node& node, const Spot& spot);
  Value depth(const Node& node, const Spot& spot);
  Value duration(const Node& node, const Spot& spot);
  Value interval(const Node& node, const Spot& spot);
  Value one_of(const std::string& choices, const Node& node, const Spot& spot);
  Value site_url(const Node& node, const Spot& spot);
  Value http_url(const Node& node, const Spot& spot);
  Value mail_url(const Node& node, const Spot& spot);
  Value address(const Node& node, const Spot& spot);
  Value user_and_password(const Node& node, const Spot& spot);
  Value headers(const Node& node, const Spot& spot);
  Value mode(const Node& node, const Spot& spot);
  Value exit_codes(const Node& node, const Spot& spot);
  // Lists; one alone stands for a list of one.
  Value strings(const Node& node, const Spot& spot);
  Value globs(const Node& node, const Spot& spot);
  Value regex(const Node& node, const Spot& spot);
  Value regexes(const Node& node, const Spot& spot);
  Value addresses(const Node& node, const Spot& spot);
  Value values(const Node& node, const Spot& spot);
  // Names of what is declared.
  Value workers(const Node& node, const Spot& spot);
  Value builders(const Node& node, const Spot& spot);
  Value builder_selector(const Node& node, const Spot& spot);
  Value schedulers(const Node& node, const Spot& spot);
  Value steps(const Node& node, const Spot& spot);
  // What may be known in a build only.
  Value renderable(const Node& node, const Spot& spot);
  Value renderable_string(const Node& node, const Spot& spot);
  Value description(const Node& node, const Spot& spot);
  Value command(const Node& node, const Spot& spot);
  Value condition(const Node& node, const Spot& spot);
  Value hide_condition(const Node& node, const Spot& spot);
  Value env(const Node& node, const Spot& spot);
  Value properties(const Node& node, const Spot& spot);
  Value renderables(const Node& node, const Spot& spot);
  Value scheduler_properties(const Node& node, const Spot& spot);
  // Functions and the tables of the vocabulary.
  Value change_function(const Node& node, const Spot& spot);
  Value value_function(const Node& node, const Spot& spot);
  Value report_function(const Node& node, const Spot& spot);
  Value subject(const Node& node, const Spot& spot);
  Value change_filter(const Node& node, const Spot& spot);
  Value codebases(const Node& node, const Spot& spot);
  Value values_by_property(const Node& node, const Spot& spot);
  Value regexes_by_property(const Node& node, const Spot& spot);

  struct Allowed {
    bool functions = false;
    bool values = false;  ///< property, interpolate
    std::string argument = "build";
  };
  Value data(const Node& node, const Spot& spot, const Allowed& allowed);
  Value function(const Node& node, const Spot& spot, const std::string& argument);
  Value by_name(const Node& node, const Spot& spot, const std::string& what,
                const std::function<Value(const Node&, const Spot&)>& check);
  /// Calls `each` with every item of a list in lists, or with `node` itself when it is no list.
  void each_item(const Node& node, const Spot& spot,
                 const std::function<void(const Node&, const Spot&)>& each);
  /// The patterns of a selector; with `resolve`, the declared names that they select.
  Value select(const std::string& kind, bool resolve, const Node& node, const Spot& spot);
  std::optional<std::string> name_of(const std::string& kind, const Node& node, const Spot& spot);

  Declarations& declarations_;
  Problems& problems_;
  std::map<std::string, std::vector<std::string>> names_;  // kind → declared names, in order
  std::map<std::string, ByTarget> defaults_;               // by word
};

}  // namespace headrace::config
