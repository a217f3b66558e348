// SPDX-License-Identifier: Apache-2.0
// Python's `text % mapping`, as far as Interpolate needs it: %(key)s with flags, width and precision.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "json/value.hpp"
#include "result/result.hpp"

namespace headrace::render {

/// A `%` conversion of a format text.
struct Conversion {
  std::string key;  ///< of %(key)s, parentheses inside it balanced; "" for a positional one
  bool has_key = false;
  std::string flags;
  int width = 0;
  int precision = -1;
  char type = 's';
};

/// A format text in its order: literal text, then a conversion (none after the last text).
struct FormatPart {
  std::string text;
  bool has_conversion = false;
  Conversion conversion;
};

/// Errors: as Python raises them (incomplete key, incomplete format, unsupported character).
[[nodiscard]] Result<std::vector<FormatPart>> parse_format(std::string_view format);

/// One value as its conversion wants it. Errors: a number wanted where there is none.
[[nodiscard]] Result<std::string> apply(const Conversion& conversion, const json::Value& value);

}  // namespace headrace::render
