// SPDX-License-Identifier: Apache-2.0
#include "config/pattern.hpp"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

namespace headrace::config {
namespace {

constexpr std::uint32_t kMatchLimit = 1'000'000;
constexpr std::uint32_t kHeapLimitKib = 16 * 1024;

std::string reason(int code) {
  PCRE2_UCHAR buffer[256];
  pcre2_get_error_message(code, buffer, sizeof buffer);
  return reinterpret_cast<const char*>(buffer);
}

}  // namespace

Result<Pattern> Pattern::compile(const std::string& text) {
  int code = 0;
  PCRE2_SIZE offset = 0;
  pcre2_code* compiled = pcre2_compile(reinterpret_cast<PCRE2_SPTR>(text.data()), text.size(),
                                       PCRE2_UTF | PCRE2_MATCH_INVALID_UTF, &code, &offset, nullptr);
  if (compiled == nullptr)
    return fail("bad regular expression '" + text + "': " + reason(code) + " at offset " +
                std::to_string(offset));
  Pattern pattern;
  pattern.text_ = text;
  pattern.code_ = {compiled, &pcre2_code_free};
  pattern.limits_ = {pcre2_match_context_create(nullptr), &pcre2_match_context_free};
  pcre2_set_match_limit(pattern.limits_.get(), kMatchLimit);
  pcre2_set_heap_limit(pattern.limits_.get(), kHeapLimitKib);
  return pattern;
}

Result<bool> Pattern::matches_start(std::string_view text) const {
  const std::unique_ptr<pcre2_match_data, decltype(&pcre2_match_data_free)> data(
      pcre2_match_data_create(1, nullptr), &pcre2_match_data_free);
  const int rc = pcre2_match(code_.get(), reinterpret_cast<PCRE2_SPTR>(text.data()), text.size(), 0,
                             PCRE2_ANCHORED, data.get(), limits_.get());
  if (rc >= 0) return true;
  if (rc == PCRE2_ERROR_NOMATCH) return false;
  return fail("regular expression '" + text_ + "' on '" + std::string(text.substr(0, 100)) +
              "': " + reason(rc));
}

}  // namespace headrace::config
