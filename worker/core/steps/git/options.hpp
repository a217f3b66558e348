// SPDX-License-Identifier: Apache-2.0
// What to check out, and how: the step's options joined with the build's sourcestamp.
#pragma once

#include <string>
#include <vector>

#include "json/value.hpp"
#include "result/result.hpp"
#include "wire/records.hpp"

namespace headrace::worker {

struct GitOptions {
  std::string url;
  std::string branch;    ///< "" : the remote's HEAD
  std::string revision;  ///< "" : the branch's tip
  std::string codebase;
  bool full = false;  ///< mode
  enum class Method { clean, fresh, clobber, copy };
  Method method = Method::fresh;  ///< of mode full
  int depth = 0;                  ///< of a shallow fetch; 0: all history
  bool submodules = false;
};

/// The options of a step, rendered, joined with the sourcestamp of its codebase: the stamp's branch and
/// revision win over the option, an empty url is the stamp's repository.
/// Errors: an unknown mode or method, no url, a value that git would take for an option.
[[nodiscard]] Result<GitOptions> git_options(const json::Value& options,
                                             const std::vector<wire::SourceStamp>& sourcestamps);

}  // namespace headrace::worker
