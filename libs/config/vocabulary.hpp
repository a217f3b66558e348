// SPDX-License-Identifier: Apache-2.0
// The words of the configuration as data (vocabulary/*.lua), and the messages about words that do not exist.
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "config/declarations.hpp"

struct lua_State;

namespace headrace::config {

/// A field that another field needs beside it, with any value or with a certain one.
struct Need {
  std::string field;  ///< "": none is needed
  std::string value;  ///< "": any value will do
  std::string says;   ///< the message, behind "strict of hook.github "
};

/// One row of the vocabulary; vocabulary/words.lua explains the parts.
struct Field {
  std::string type;
  bool required = false;
  std::string meaning;
  Node default_value;     ///< nil: the field has none
  std::string otherwise;  ///< without a default: what holds when the field is not given, in words
  std::string target;     ///< name of the member that gets the value; "options" for an option of the kind
  std::string excludes;
  Need needs;

  bool is_option() const { return target == "options"; }
};

struct Word {
  enum class Naming { required, variant, none };
  std::string name;  ///< "worker", "step.git"
  Naming naming = Naming::variant;
  bool camel = false;  ///< camelCase names of fields are accepted
  std::string runs;    ///< for a step: the kind in its plan
  std::map<std::string, Field, std::less<>> fields;
  std::set<std::string, std::less<>> later;
  std::map<std::string, std::string, std::less<>> written;  ///< Buildbot's name → ours

  std::string kind() const { return name.substr(0, name.find('.')); }
  std::string variant() const { return name.substr(name.find('.') + 1); }
};

class Vocabulary {
 public:
  static const Vocabulary& get();

  const Word& word(std::string_view name) const { return words_.find(name)->second; }
  const std::map<std::string, Word, std::less<>>& words() const { return words_; }
  /// The tables that are values of fields: "change_filter", "codebase".
  const Word& table(std::string_view name) const { return tables_.find(name)->second; }
  const std::map<std::string, Word, std::less<>>& tables() const { return tables_; }
  const std::set<std::string, std::less<>>& later() const { return later_; }
  const std::set<std::string, std::less<>>& functions() const { return functions_; }

  /// The message about `word`, which is neither a word of the vocabulary nor one of `known`.
  std::string advice(std::string_view word, const std::vector<std::string>& known) const;
  /// The field of `word` that somebody meant who wrote `field`; "" when no field is near.
  std::string meant(const Word& word, std::string_view field) const;
  /// The message about `field`, which is no field of `word`; `label` names the declaration.
  std::string field_advice(const Word& word, const std::string& label, std::string_view field) const;
  /// "hook.base, hook.github, hook.gitlab"
  std::string variants(std::string_view kind) const;

 private:
  Vocabulary();
  bool known(std::string_view word) const;
  bool is_later(std::string_view word) const;

  std::map<std::string, Word, std::less<>> words_, tables_;
  std::set<std::string, std::less<>> later_;
  std::set<std::string, std::less<>> functions_;
};

/// Pushes the joined words, as the grammar needs them. Exceptions: the words have a mistake, which is a bug.
void push_words(lua_State* lua);

/// "treeStableTimer" → "tree_stable_timer". A name without capitals stays as it is.
std::string snake_case(std::string_view name);

}  // namespace headrace::config
