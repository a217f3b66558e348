// SPDX-License-Identifier: Apache-2.0
// "[skip ci]": the words in a commit message that mean it shall not be built.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "result/result.hpp"

namespace headrace::changesource::hooks {

class SkipPatterns {
 public:
  /// Regular expressions (PCRE2), found anywhere in the message. Errors: the one that does not compile.
  [[nodiscard]] static Result<SkipPatterns> compile(const std::vector<std::string>& patterns);
  /// Buildbot's: [skip ci] and [ci skip], with any blanks.
  static const std::vector<std::string>& usual();

  /// True when one of them is found. A search that takes too long counts as not found.
  bool match(const std::string& message) const;

 private:
  struct Pattern;
  // Shared, so that what waits for the forge's answers can hold a copy; never changed.
  std::vector<std::shared_ptr<const Pattern>> patterns_;
};

}  // namespace headrace::changesource::hooks
