// SPDX-License-Identifier: Apache-2.0
// For tests: makes a configuration from texts.
#pragma once

#include <gtest/gtest.h>

#include "config/configuration.hpp"

namespace headrace::config {

inline std::string as_text(const std::vector<Problem>& problems) {
  std::string text;
  for (const auto& problem : problems) text += problem.place + ": " + problem.text + "\n";
  return text;
}

/// Gives the problems of `main` and of other files, one per line: "headrace.lua:3: …".
inline std::string problems_of(const std::string& main, std::map<std::string, std::string> others = {}) {
  Files files{"headrace.lua", std::move(others)};
  files.texts["headrace.lua"] = main;
  std::vector<Problem> problems;
  const auto configuration = Configuration::evaluate(files, problems);
  EXPECT_EQ(configuration == nullptr, !problems.empty());
  return as_text(problems);
}

/// Makes a configuration that has to be right. A mistake in it gives null, and the test fails.
inline std::unique_ptr<Configuration> evaluated(const std::string& main,
                                                std::map<std::string, std::string> others = {}) {
  Files files{"headrace.lua", std::move(others)};
  files.texts["headrace.lua"] = main;
  std::vector<Problem> problems;
  auto configuration = Configuration::evaluate(files, problems);
  EXPECT_NE(configuration, nullptr) << as_text(problems);
  return configuration;
}

}  // namespace headrace::config
