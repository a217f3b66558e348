// SPDX-License-Identifier: Apache-2.0
#define PCRE2_CODE_UNIT_WIDTH 8
#include "worker/core/steps/command/warning_counter.hpp"

#include <pcre2.h>

namespace headrace::worker {
namespace {
constexpr std::size_t kMaxLine = 16 * 1024;  // more of a line is not looked at
constexpr std::size_t kMaxKept = 1024 * 1024;
constexpr std::uint32_t kMatchLimit = 100'000;
}  // namespace

struct WarningCounter::Pattern {
  pcre2_code* code = nullptr;
  pcre2_match_data* data = nullptr;
  pcre2_match_context* context = nullptr;
  ~Pattern() {
    pcre2_match_context_free(context);
    pcre2_match_data_free(data);
    pcre2_code_free(code);
  }
};

WarningCounter::WarningCounter() : pattern_(std::make_unique<Pattern>()) {}
WarningCounter::WarningCounter(WarningCounter&&) noexcept = default;
WarningCounter& WarningCounter::operator=(WarningCounter&&) noexcept = default;
WarningCounter::~WarningCounter() = default;

Result<WarningCounter> WarningCounter::make(const std::string& text) {
  WarningCounter counter;
  Pattern& p = *counter.pattern_;
  int error = 0;
  PCRE2_SIZE where = 0;
  p.code = pcre2_compile(reinterpret_cast<PCRE2_SPTR>(text.data()), text.size(), PCRE2_ANCHORED, &error,
                         &where, nullptr);
  if (!p.code) {
    PCRE2_UCHAR reason[200] = {};
    pcre2_get_error_message(error, reason, sizeof reason);
    return fail("warning_pattern '" + text + "' is wrong at character " + std::to_string(where) + ": " +
                reinterpret_cast<const char*>(reason));
  }
  pcre2_jit_compile(p.code, PCRE2_JIT_COMPLETE);  // without it, it only takes longer
  p.data = pcre2_match_data_create(1, nullptr);
  p.context = pcre2_match_context_create(nullptr);
  pcre2_set_match_limit(p.context, kMatchLimit);
  return counter;
}

void WarningCounter::on_output(char channel, std::string_view bytes) {
  std::string& partial = partial_[channel];
  while (true) {
    const auto end = bytes.find('\n');
    if (end == std::string_view::npos) break;
    if (partial.empty()) {
      on_line(bytes.substr(0, end));
    } else {
      if (partial.size() < kMaxLine) partial.append(bytes.substr(0, std::min(end, kMaxLine)));
      on_line(partial);
      partial.clear();
    }
    bytes.remove_prefix(end + 1);
  }
  if (partial.size() < kMaxLine) partial.append(bytes.substr(0, kMaxLine));
}

void WarningCounter::finish() {
  for (auto& [channel, partial] : partial_) {
    if (!partial.empty()) on_line(partial);
    partial.clear();
  }
}

void WarningCounter::on_line(std::string_view line) {
  line = line.substr(0, kMaxLine);
  if (line.ends_with('\r')) line.remove_suffix(1);
  const int found = pcre2_match(pattern_->code, reinterpret_cast<PCRE2_SPTR>(line.data()), line.size(), 0, 0,
                                pattern_->data, pattern_->context);
  if (found < 0) return;
  ++count_;
  if (lines_.size() + line.size() < kMaxKept) {
    lines_.append(line).push_back('\n');
  } else if (!cut_short_) {
    cut_short_ = true;
    lines_ += "(more warnings are counted but not listed)\n";
  }
}

}  // namespace headrace::worker
