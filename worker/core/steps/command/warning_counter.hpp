// SPDX-License-Identifier: Apache-2.0
// Counts the lines of a step's output that match its warning pattern (Buildbot's Compile).
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "result/result.hpp"

namespace headrace::worker {

class WarningCounter {
 public:
  /// @param pattern  PCRE2, matched from the start of each line; bounded by a match limit, so that a bad
  ///                 pattern costs time but does not hang the worker (a line over the limit is no warning)
  /// Errors: the pattern does not compile (with PCRE2's reason and place).
  static Result<WarningCounter> make(const std::string& pattern);
  WarningCounter(WarningCounter&&) noexcept;
  WarningCounter& operator=(WarningCounter&&) noexcept;
  ~WarningCounter();

  /// @param channel  lines of each channel are gathered apart
  void on_output(char channel, std::string_view bytes);
  /// Looks at lines that have no end.
  void finish();

  std::int64_t count() const { return count_; }
  /// The matching lines, each with newline; from 1 MiB on only counted.
  const std::string& lines() const { return lines_; }

 private:
  WarningCounter();
  void on_line(std::string_view line);

  struct Pattern;
  std::unique_ptr<Pattern> pattern_;
  std::map<char, std::string> partial_;
  std::int64_t count_ = 0;
  std::string lines_;
  bool cut_short_ = false;
};

}  // namespace headrace::worker
