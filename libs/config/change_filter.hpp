// SPDX-License-Identifier: Apache-2.0
// Buildbot's ChangeFilter as data. Configuration::matches runs it.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "config/options.hpp"
#include "json/value.hpp"

namespace headrace::config {

/// A member that is not set takes every change.
struct ChangeFilter {
  struct Attribute {
    std::optional<std::vector<std::optional<std::string>>> eq;  ///< an element nullopt is Buildbot's None
    std::optional<std::vector<std::optional<std::string>>> not_equal;  // `not_eq` is a word of C++
    std::vector<std::string> re;      ///< PCRE2, matched from the start; one has to match
    std::vector<std::string> not_re;  ///< none may match
    FunctionId fn = 0;
  };
  std::map<std::string, Attribute> attributes;  ///< project, repository, branch, category, codebase
  std::map<std::string, std::vector<json::Value>> property_eq, property_not_eq;
  std::map<std::string, std::vector<std::string>> property_re, property_not_re;
  FunctionId filter_fn = 0;
};

void read_option(const json::Value& value, ChangeFilter& to);

}  // namespace headrace::config
