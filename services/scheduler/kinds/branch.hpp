// SPDX-License-Identifier: Apache-2.0
// What `scheduler.branch` has of its own.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "clock/clock.hpp"
#include "config/change_filter.hpp"
#include "wire/records.hpp"

namespace headrace::scheduler {

struct BranchOptions {
  /// Set: only this branch; of those, null: only changes without a branch.
  std::optional<std::optional<std::string>> branch;
  milliseconds tree_stable_timer{0};         ///< 0: every important change at once
  std::vector<std::string> important_files;  ///< globs (`**` crosses directories); empty: all are important
  config::FunctionId important = 0;
  bool only_important = false;
  std::optional<config::ChangeFilter> change_filter;
  std::map<std::string, wire::SourceStamp> codebases;  ///< → defaults; empty: the one codebase ""

  template <class S, class F>
  static void fields(S& s, F&& f) {
    f("branch", s.branch), f("tree_stable_timer", s.tree_stable_timer);
    f("important_files", s.important_files), f("important", s.important);
    f("only_important", s.only_important), f("change_filter", s.change_filter), f("codebases", s.codebases);
  }
};

}  // namespace headrace::scheduler
