// SPDX-License-Identifier: Apache-2.0
// The declarations of the files, as they come out of Lua: trees of values with their places. Nothing is
// checked yet.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "config/site.hpp"

namespace headrace::config {

/// One value of the configuration.
struct Node {
  enum class Kind {
    nil,
    boolean,
    integer,
    number,
    string,
    function,
    property,
    interpolate,
    declaration,
    word,
    table,
    mistake,  ///< reported already; right for every type, and without a meaning
    other,    ///< a value that no field can hold (a C function, a cycle); `text` describes it
  };
  Kind kind = Kind::nil;
  bool boolean = false;
  std::int64_t integer = 0;  ///< an integer, the id of a function, or the index of a declaration
  double number = 0;
  std::string text;                     ///< a string, the name of a property, or a word
  std::vector<Node> items;              ///< of a table: its list; of a property: its default, if any
  std::map<std::string, Node> fields;   ///< of a table: its string keys
  std::map<std::int64_t, Node> sparse;  ///< of a table: integer keys outside of the list

  bool is(Kind k) const { return kind == k; }
  bool is_list() const { return kind == Kind::table && fields.empty() && sparse.empty(); }
  bool is_map() const { return kind == Kind::table && items.empty() && sparse.empty(); }
};

/// Describes a value in a message: `"10x"`, `a function`, `a list`.
std::string describe(const Node& node);

struct Declaration {
  std::string word;  ///< "scheduler.branch"
  std::optional<std::string> name;
  std::string file;
  int line = 0;
  bool complete = false;         ///< its { fields } were given
  bool fields_in_error = false;  ///< its fields are a mistake that was reported already
  Node fields;                   ///< a table

  /// `scheduler.branch "main"`
  std::string label() const { return name && !name->empty() ? word + " \"" + *name + "\"" : word; }
};

/// A function of the configuration.
struct FunctionInfo {
  int reference = 0;     ///< to the function, in the registry of the Lua state
  std::string argument;  ///< name of its argument: "build", "change", "report"
  Place place;
};

struct Declarations {
  std::vector<Declaration> all;
  std::set<std::string, std::less<>> names_in_error;  ///< names of declarations whose word is a mistake
  std::vector<FunctionInfo> functions;                ///< FunctionId N is at N − 1
  bool aborted = false;  ///< a file ended early; its rest may declare what is missing
};

}  // namespace headrace::config
