// SPDX-License-Identifier: Apache-2.0
#define PCRE2_CODE_UNIT_WIDTH 8
#include "changesource/hooks/skip_patterns.hpp"

#include <pcre2.h>

#include <algorithm>
#include <array>

namespace headrace::changesource::hooks {
namespace {

// Enough for any sane pattern on a commit message, little enough that no message can stall the intake.
constexpr std::uint32_t kMatchLimit = 200'000;

struct Free {
  void operator()(pcre2_code* code) const { pcre2_code_free(code); }
  void operator()(pcre2_match_data* data) const { pcre2_match_data_free(data); }
  void operator()(pcre2_match_context* context) const { pcre2_match_context_free(context); }
};

}  // namespace

struct SkipPatterns::Pattern {
  std::unique_ptr<pcre2_code, Free> code;
};

Result<SkipPatterns> SkipPatterns::compile(const std::vector<std::string>& patterns) {
  SkipPatterns out;
  for (const auto& text : patterns) {
    int error = 0;
    PCRE2_SIZE offset = 0;
    auto pattern = std::make_shared<Pattern>();
    pattern->code.reset(pcre2_compile(reinterpret_cast<PCRE2_SPTR>(text.data()), text.size(),
                                      PCRE2_UTF | PCRE2_MATCH_INVALID_UTF, &error, &offset, nullptr));
    if (!pattern->code) {
      std::array<PCRE2_UCHAR, 256> why{};
      pcre2_get_error_message(error, why.data(), why.size());
      return fail("the regular expression '" + text + "' is wrong at " + std::to_string(offset) + ": " +
                  reinterpret_cast<const char*>(why.data()));
    }
    out.patterns_.push_back(std::move(pattern));
  }
  return out;
}

const std::vector<std::string>& SkipPatterns::usual() {
  static const std::vector<std::string> patterns = {R"(\[ *skip *ci *\])", R"(\[ *ci *skip *\])"};
  return patterns;
}

bool SkipPatterns::match(const std::string& message) const {
  return std::any_of(patterns_.begin(), patterns_.end(), [&](const auto& pattern) {
    const std::unique_ptr<pcre2_match_data, Free> data(
        pcre2_match_data_create_from_pattern(pattern->code.get(), nullptr));
    const std::unique_ptr<pcre2_match_context, Free> context(pcre2_match_context_create(nullptr));
    pcre2_set_match_limit(context.get(), kMatchLimit);
    return pcre2_match(pattern->code.get(), reinterpret_cast<PCRE2_SPTR>(message.data()), message.size(), 0,
                       0, data.get(), context.get()) >= 0;
  });
}

}  // namespace headrace::changesource::hooks
