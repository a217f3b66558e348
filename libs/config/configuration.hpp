// SPDX-License-Identifier: Apache-2.0
// Evaluates `headrace.lua` in a sandboxed Lua 5.4 and calls its functions. lua.h stays behind this.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "config/change_filter.hpp"
#include "config/files.hpp"
#include "config/site.hpp"
#include "result/result.hpp"

namespace headrace::config {

struct Problem {
  Place place;  ///< "headrace.lua:12", or the file alone
  std::string text;
};

/// One evaluated configuration. One thread at a time.
class Configuration {
 public:
  ~Configuration();
  /// Evaluates. On any mistake answers null and every problem found, in order of place.
  static std::unique_ptr<Configuration> evaluate(const Files& files, std::vector<Problem>& problems);

  const Site& site() const;

  /// Calls function `id` with one read-only table made from `argument` (objects become tables that raise
  /// on a misspelt field; null is nil).
  /// @return its value as JSON. Errors: the Lua error with file:line, a value that is no JSON, more
  /// than the instruction or memory limit.
  [[nodiscard]] Result<json::Value> call(FunctionId id, const json::Value& argument);

  /// Runs a ChangeFilter, with its functions and PCRE2 patterns compiled once.
  /// Errors: as `call` (the change is then not matched).
  [[nodiscard]] Result<bool> matches(const ChangeFilter& filter, const wire::Change& change);

 private:
  Configuration();
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// The table that functions of changes get: author, files, branch, properties {name: value} …
json::Value change_argument(const wire::Change& change);

}  // namespace headrace::config
