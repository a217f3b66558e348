// SPDX-License-Identifier: Apache-2.0
// The bytes of a log file that writer and reader must agree on.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace headrace::logstore {

inline constexpr std::string_view kHeader{"HRLOG\x01\r\n", 8};
inline constexpr std::string_view kFooterMark{"HRLOGEND", 8};
inline constexpr std::size_t kEntryBytes = 24;   ///< file offset, first line, text offset
inline constexpr std::size_t kFooterBytes = 56;  ///< see put_footer in writer.cpp

inline void put_u64(std::string& out, std::uint64_t v) {
  for (int i = 0; i < 8; ++i) out.push_back(static_cast<char>(v >> (8 * i)));
}
inline std::uint64_t get_u64(std::string_view bytes, std::size_t at) {
  std::uint64_t v = 0;
  for (int i = 7; i >= 0; --i)
    v = v << 8 | static_cast<unsigned char>(bytes[at + static_cast<std::size_t>(i)]);
  return v;
}

}  // namespace headrace::logstore
