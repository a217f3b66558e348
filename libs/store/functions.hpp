// SPDX-License-Identifier: Apache-2.0
// The library of Redis functions as this program carries it.
#pragma once

#include <cstdint>
#include <string>

namespace headrace::store {

/// Higher replaces lower, never the other way round; equal text is left alone.
struct Library {
  std::string text;  ///< with the shebang, as FUNCTION LOAD takes it
  std::string digest;
  std::int64_t revision = 0;
};

/// @param simulated_clock  the functions take their time from key "<prefix>clock" (simulation only)
const Library& library(bool simulated_clock);

}  // namespace headrace::store
