// SPDX-License-Identifier: Apache-2.0
// Evaluates `headrace.lua` in a sandboxed Lua 5.4 and calls its functions. lua.h stays behind this.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "config/change_filter.hpp"
#include "config/site.hpp"
#include "result/result.hpp"

namespace headrace::config {

/// The files of one version: path relative to the configuration's folder → text. `main` is the entry.
struct Files {
  std::string main;  ///< "headrace.lua"
  std::map<std::string, std::string> texts;
  std::map<std::string, std::string> unreadable;  ///< path → why; a mistake at the line that asks for it
};

struct Problem {
  Place place;  ///< "headrace.lua:12", or the file alone
  std::string text;
};

/// Reads `path` and everything it includes or loads from disk. Errors: `path` itself cannot be read.
[[nodiscard]] Result<Files> read_files(const std::string& path);

/// MessagePack of the files, for the store; and back.
std::string pack(const Files& files);
[[nodiscard]] Result<Files> unpack(std::string_view bytes);

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

/// Whether `path` matches a glob in which `*` stays within a directory and `**` crosses them.
bool path_glob(std::string_view pattern, std::string_view path);
/// Whether `name` matches a glob with `*`, `?` and `[…]`.
bool name_glob(std::string_view pattern, std::string_view name);

}  // namespace headrace::config
