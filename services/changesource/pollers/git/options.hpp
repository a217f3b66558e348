// SPDX-License-Identifier: Apache-2.0
// What `change_source.git` has of its own.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "clock/clock.hpp"

namespace headrace::changesource {

struct GitPollerOptions {
  std::string url;
  std::vector<std::string> branches;  ///< globs; empty: the remote's HEAD
  bool only_tags = false;
  milliseconds poll_interval{0};
  std::string codebase;
  std::string project;
  std::optional<std::string> category;

  template <class S, class F>
  static void fields(S& s, F&& f) {
    f("url", s.url), f("branches", s.branches), f("only_tags", s.only_tags);
    f("poll_interval", s.poll_interval), f("codebase", s.codebase), f("project", s.project);
    f("category", s.category);
  }
};

}  // namespace headrace::changesource
