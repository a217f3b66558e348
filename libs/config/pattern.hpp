// SPDX-License-Identifier: Apache-2.0
// Regular expressions of the configuration: PCRE2, matched from the start of the text, with a limit on the
// work.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "result/result.hpp"

struct pcre2_real_code_8;
struct pcre2_real_match_context_8;

namespace headrace::config {

class Pattern {
 public:
  /// Errors: PCRE2's reason, and its place in the pattern.
  [[nodiscard]] static Result<Pattern> compile(const std::string& text);

  /// True when `text` begins with a match, as in Python's re.match. Bytes that are not UTF-8 match nothing.
  /// Errors: more than the match limit (a million steps) or 16 MiB was needed.
  [[nodiscard]] Result<bool> matches_start(std::string_view text) const;

 private:
  Pattern() = default;
  std::string text_;
  std::shared_ptr<pcre2_real_code_8> code_;
  std::shared_ptr<pcre2_real_match_context_8> limits_;
};

}  // namespace headrace::config
