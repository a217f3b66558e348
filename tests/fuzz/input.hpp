// SPDX-License-Identifier: Apache-2.0
// What libFuzzer gives, cut into the parts that a target wants, and what a target says when something does
// not hold.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <string_view>

namespace headrace::fuzz {

class Input {
 public:
  Input(const std::uint8_t* data, std::size_t size) : left_(reinterpret_cast<const char*>(data), size) {}

  bool empty() const { return left_.empty(); }
  /// The next byte; 0 at the end.
  unsigned byte() {
    if (left_.empty()) return 0;
    const auto out = static_cast<unsigned char>(left_.front());
    left_.remove_prefix(1);
    return out;
  }
  /// Up to the next `separator`, which is dropped, or to the end.
  std::string_view piece(char separator) {
    const auto end = std::min(left_.find(separator), left_.size());
    const auto out = left_.substr(0, end);
    left_.remove_prefix(std::min(end + 1, left_.size()));
    return out;
  }
  /// At most `length` bytes.
  std::string_view bytes(std::size_t length) {
    const auto out = left_.substr(0, length);
    left_.remove_prefix(out.size());
    return out;
  }
  /// All that is left.
  std::string_view rest() { return bytes(left_.size()); }

 private:
  std::string_view left_;
};

/// libFuzzer keeps the input that led to a false one.
inline void expect(bool holds) {
  if (!holds) std::abort();
}

}  // namespace headrace::fuzz
