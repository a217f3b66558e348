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
  /// Evaluates the files. When they hold a mistake, the result is null and every problem, in the order of
  /// place.
  static std::unique_ptr<Configuration> evaluate(const Files& files, std::vector<Problem>& problems);

  const Site& site() const;

  /// Calls function `id` with one read-only table made from `argument`. Objects become tables that raise an
  /// error on a misspelt field; null becomes nil.
  /// @return the function's value as JSON. Errors: the Lua error with file:line; a value that has no JSON
  /// form; the limit on instructions or on memory was reached.
  [[nodiscard]] Result<json::Value> call(FunctionId id, const json::Value& argument);

  /// Runs a ChangeFilter, with its functions and PCRE2 patterns compiled once.
  /// Errors: those of `call`; the change does not match then.
  [[nodiscard]] Result<bool> matches(const ChangeFilter& filter, const wire::Change& change);

 private:
  Configuration();
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// The table that functions of changes get: author, files, branch, properties {name: value} …
json::Value change_argument(const wire::Change& change);

}  // namespace headrace::config
