// SPDX-License-Identifier: Apache-2.0
// One run of a ChangeFilter on one change. Each kind of condition has a function of its own.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "config/change_filter.hpp"
#include "config/pattern.hpp"
#include "result/result.hpp"
#include "wire/records.hpp"

namespace headrace::config {

/// Compiled patterns by their text. A pattern is compiled when it is first used.
using Patterns = std::unordered_map<std::string, Pattern>;

class FilterRun {
 public:
  using CallFunction = std::function<Result<json::Value>(FunctionId, const json::Value& argument)>;

  /// All the arguments outlive the run.
  FilterRun(Patterns& patterns, const CallFunction& call, const wire::Change& change)
      : patterns_(patterns), call_(call), change_(change) {}

  /// Errors: those of a function or of a pattern; the change does not match then.
  [[nodiscard]] Result<bool> matches(const ChangeFilter& filter);

 private:
  bool attributes_match(const ChangeFilter& filter);
  bool properties_match(const ChangeFilter& filter);
  bool attribute_matches(const ChangeFilter::Attribute& wanted, const std::optional<std::string>& value);
  /// True when one of the patterns matches the start of the text. A missing text matches no pattern.
  bool any(const std::vector<std::string>& patterns, const std::optional<std::string>& text);
  bool asked(FunctionId function, const json::Value& argument);
  std::optional<std::string> attribute(const std::string& name) const;
  json::Value property(const std::string& name) const;

  Patterns& patterns_;
  const CallFunction& call_;
  const wire::Change& change_;
  std::optional<Error> error_;  ///< the first one
};

}  // namespace headrace::config
