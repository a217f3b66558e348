// SPDX-License-Identifier: Apache-2.0
#include "cli/configuration_file.hpp"

#include <iostream>

namespace headrace::cli {
namespace {}  // namespace

CheckedConfig check_config(const std::string& path) {
  CheckedConfig out;
  auto files = config::read_files(path);
  if (!files) {
    std::cerr << files.error().text << "\n";
    return out;
  }
  out.files = std::move(*files);
  std::vector<config::Problem> problems;
  out.configuration = config::Configuration::evaluate(out.files, problems);
  for (const auto& p : problems) std::cerr << p.place << ": " << p.text << "\n";
  if (!problems.empty())
    std::cerr << problems.size() << (problems.size() == 1 ? " mistake" : " mistakes") << " in " << path
              << "\n";
  return out;
}

std::string summary(const config::Site& site) {
  const auto count = [](std::size_t n, const std::string& word) {
    return std::to_string(n) + " " + word + (n == 1 ? "" : "s");
  };
  return count(site.builders.size(), "builder") + ", " + count(site.workers.size(), "worker") + ", " +
         count(site.schedulers.size(), "scheduler") + ", " +
         count(site.hooks.size() + site.pollers.size(), "change source") + ", " +
         count(site.reporters.size(), "reporter");
}

}  // namespace headrace::cli
